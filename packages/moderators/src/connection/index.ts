export type { Pinged } from './pinged.ts';
export {
  testConnection,
  type Connection,
  type StageConnection,
  type TestConnectionOptions,
} from './test-connection.ts';
