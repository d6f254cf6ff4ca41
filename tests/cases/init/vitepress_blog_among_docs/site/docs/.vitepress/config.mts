import { defineConfig } from 'vitepress'

export default defineConfig({
  title: 'Wick',
  lang: 'en-US',
  base: '/wick/',
  cleanUrls: true,
  sitemap: { hostname: 'https://lantern.example.org/wick/' },
})
