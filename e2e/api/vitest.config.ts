import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The protocol suite: promises of the Kubernetes API, asked of whatever API server a kubeconfig names. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  resolve: { alias: { '@': fileURLToPath(new URL('../..', import.meta.url)) } },
  test: {
    include: ['e2e/api/*.spec.ts'],
    globalSetup: ['e2e/api/support/global-setup.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 90_000,
    pool: 'forks',
    // A cluster at work is watched in some tests: files do not disturb each other's.
    maxWorkers: 2,
  },
})
