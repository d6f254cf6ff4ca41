const siteConfig = {
  title: 'Old Kiln', // Title
  url: 'https://old.example.dev',
  baseUrl: '/',
};
module.exports = siteConfig;
