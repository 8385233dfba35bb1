import { json } from './json.ts';
import { openai, openaiStream } from './openai.ts';
import type { Protocol, ProtocolName } from './protocol.ts';
import { text } from './text.ts';
import { uiMessageStream } from './ui-message-stream.ts';

export const PROTOCOLS: { readonly [name in ProtocolName]: Protocol } = {
  'ui-message-stream': uiMessageStream,
  openai,
  'openai-stream': openaiStream,
  text,
  json,
};
