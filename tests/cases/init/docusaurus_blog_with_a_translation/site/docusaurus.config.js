// @ts-check
const config = {
  title: 'Kiln',
  url: 'https://kiln.example.dev',
  baseUrl: '/site/',
  i18n: { defaultLocale: 'en', locales: ['en', 'fr'] },
  presets: [['classic', { docs: false, blog: { showReadingTime: true, routeBasePath: 'news' } }]],
};
module.exports = config;
