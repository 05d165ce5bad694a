import { defineConfig } from "vitest/config";

// Against a running gateway; tests/realtime/test_page_client.py starts both.
export default defineConfig({
  test: { environment: "node", include: ["src/**/*.live.ts"], testTimeout: 60_000 },
});
