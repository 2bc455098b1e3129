import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** `npx vite build dashboards/console` needs no network; `npx vite dashboards/console` serves it beside a running API. */
export default defineConfig({
  root,
  plugins: [react(), onlyWoff2()],
  resolve: { alias: { '#domain': folder('domain'), '#runtime': folder('runtime') } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // a data: URL would need an exception in the content security policy
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
});

/** Every browser that runs the console reads WOFF2: the WOFF twins would double the build for nobody. */
function onlyWoff2(): Plugin {
  return {
    name: 'only-woff2',
    enforce: 'pre',
    transform: (css, id) =>
      id.includes('@fontsource') && id.includes('.css')
        ? css.replaceAll(/, url\([^)]*\.woff\) format\('woff'\)/g, '')
        : undefined,
  };
}
