import { join } from 'node:path';
import type { NextConfig } from 'next';

// The packages are the repository's own sources, two folders up.
const root = join(import.meta.dirname, '../..');
const config: NextConfig = { turbopack: { root }, outputFileTracingRoot: root };

export { config as default };
