export { blocklist, type BlocklistOptions } from './blocklist.ts';
