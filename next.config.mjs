// Plain JavaScript: Next would compile a TypeScript one anew at every start.
/** @type {import('next').NextConfig} */
const config = {
  // Two checkouts of work may build side by side in one tree.
  distDir: process.env['CHIAVE_NEXT_DIST'] ?? '.next',
  poweredByHeader: false,
  reactStrictMode: true,
  images: { unoptimized: true },
  // `npm run check` checks types; the build on a user's machine need not do it again.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: import.meta.dirname ?? '.' },
  experimental: {
    optimizePackageImports: ['@patternfly/react-core', '@patternfly/react-table', '@patternfly/react-icons'],
  },
}

export default config
