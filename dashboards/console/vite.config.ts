import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** `npx vite build dashboards/console` needs no network; `npx vite dashboards/console` serves it beside a running API. */
export default defineConfig({
  root,
  plugins: [react(), onlyWoff2(), compressed()],
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

/** Text files beside their compressed twins, which the server sends to whoever takes them: a quarter of the way to a phone. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir = 'dist' }, files) {
      for (const name of Object.keys(files).filter((file) => /\.(js|css|html|svg)$/.test(file))) {
        const path = join(dir, name);
        const content = await readFile(path);
        await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
        await writeFile(`${path}.br`, brotliCompressSync(content));
      }
    },
  };
}
