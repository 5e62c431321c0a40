import { defineConfig } from 'vitest/config';

// A user's own cluster is one, and files that change it cannot run at once.
const maxWorkers = process.env.ASSENT_E2E_KUBECONFIG ? 1 : 2;

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
          maxWorkers,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/attacks/**/*.test.ts'],
          globalSetup: ['test/global-setup.ts'],
          maxWorkers,
          // Bounds for a machine that does much else; nothing waits for them to pass.
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
