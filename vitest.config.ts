import { defineConfig } from 'vitest/config';

// Two projects, because a project's set-up runs only where one of its files does: `vitest run src` starts no cluster.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'checks',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/attacks/**'],
          globalSetup: ['test/global-setup.ts'],
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/attacks/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          // Bounds for a machine that does much else; nothing waits for them to pass.
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
