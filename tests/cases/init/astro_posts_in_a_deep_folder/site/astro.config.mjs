import { defineConfig } from 'astro/config';

export default defineConfig({
  site: 'https://tower.example.org',
});
