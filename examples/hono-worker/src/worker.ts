import { app } from './app.ts';

// What Workers, Bun and Deno look for.
export { app as default };
