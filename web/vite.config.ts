import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// In development the page comes from Vite and everything else from a running stack.
const stack = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  server: {
    host: "127.0.0.1",
    proxy: { "/v1": stack, "/docs": stack, "/socket.io": { target: stack, ws: true } },
  },
  build: {
    target: "es2022",
    // An inlined asset would be a data: URL, which a strict Content-Security-Policy refuses.
    assetsInlineLimit: 0,
    // Browsers that run es2022 preload modules by themselves.
    modulePreload: { polyfill: false },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
