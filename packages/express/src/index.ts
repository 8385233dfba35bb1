export { guardExpress, type ExpressInputGate } from './guard-express.ts';
export { toExpress, type NodeHandler } from './to-express.ts';
export type { NextFunction, NodeRequest, NodeResponse } from './node.ts';
