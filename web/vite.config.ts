import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const SERVER = "http://127.0.0.1:8700";

export default defineConfig({
  plugins: [svelte()],
  build: {
    manifest: true,
    target: "es2022",
    assetsInlineLimit: 0, // the policy allows no inline script, and a file of its own is kept by the browser
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/cambist": {
        target: SERVER,
        changeOrigin: true,
        ws: true,
        headers: { origin: SERVER }, // the server takes changes from its own pages only
      },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
