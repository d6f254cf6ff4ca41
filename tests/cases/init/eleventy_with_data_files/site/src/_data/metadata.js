export default {
  title: 'Paper boats',
  url: 'https://boats.example.org/',
  language: 'en',
};
