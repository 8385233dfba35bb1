import { join } from 'node:path';
import type { NextConfig } from 'next';

// The packages are the repository's own sources, and Next.js that of the example.
const root = join(import.meta.dirname, '../../../../..');
const config: NextConfig = { turbopack: { root }, outputFileTracingRoot: root };

export { config as default };
