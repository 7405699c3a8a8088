import fs from 'node:fs'
import { defineConfig } from '@playwright/test'

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome-stable'].find((file) =>
  fs.existsSync(file),
)

/**
 * `host` starts and stops instances of its own. The same journeys through the console run in three ways: `embedded`
 * against a Chiave with its own cluster, `cluster` against a second one that is connected to the first one's API as to
 * any cluster, `limited` against a third one, connected as somebody who has one namespace. The fixtures read the
 * project's name.
 */
/** Every page in every theme and width takes minutes: looked at with `npm run test:full`. */
const full = process.env['CHIAVE_TEST_FULL'] !== undefined
const slow = full ? [] : ['**/screens.spec.ts', '**/roles.spec.ts', '**/people.spec.ts']
/** Every journey works for somebody who has one namespace only; the longest one shows it every time. */
const asLimited = full ? /@everywhere|@limited/ : /from nothing to a prompt|@limited/

export default defineConfig({
  globalSetup: './e2e/support/global-setup.ts',
  testIgnore: slow,
  outputDir: 'test-results',
  // Guests are emulated where there is no KVM, and share two cores with everything else.
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] !== undefined,
  retries: 0,
  timeout: 180_000,
  globalTimeout: 40 * 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    // A video would want an ffmpeg that Playwright downloads.
    video: 'off',
    ignoreHTTPSErrors: true,
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-dev-shm-usage',
      ],
    },
  },
  projects: [
    { name: 'host', testDir: 'e2e/host' },
    { name: 'embedded', testDir: 'e2e/journeys', grepInvert: /@limited/ },
    { name: 'cluster', testDir: 'e2e/journeys', grep: /@everywhere/ },
    { name: 'limited', testDir: 'e2e/journeys', grep: asLimited },
    ...(process.env['CHIAVE_PICTURES'] ? [{ name: 'pictures', testDir: 'e2e/pictures' }] : []),
  ],
})
