import type { ChunkReader, Refusal } from '@chaperone/core';
import { chatCompletions, type Frame, writeFrame } from '@chaperone/openai';
import { isRecord } from '../../value.ts';
import { sent } from '../forms/openai-messages.ts';
import type { RouteRequest } from '../forms/form.ts';
import { noticeOf } from '../notice.ts';
import type { Protocol } from './protocol.ts';

/** A chat completion as one document. */
export const openai: Protocol = {
  headers: { 'content-type': 'application/json' },
  open(request) {
    let hasRead = false;
    const reader = chatCompletions.openStream(sent(request));
    return {
      ...reader,
      read(frame) {
        hasRead = true;
        return reader.read(frame);
      },
      refuse: (refusal, ended) => (hasRead ? reader.refuse(refusal, ended) : [wholeRefusal(request, refusal)]),
    };
  },
  error,
};

/** A chat completion, chunk by chunk, as server-sent events. */
export const openaiStream: Protocol = {
  headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  open: (request): ChunkReader<Frame> => chatCompletions.openStream(sent(request)),
  error,
};

function wholeRefusal(request: RouteRequest, refusal: Refusal): Frame {
  const { body } = chatCompletions.refuse(sent(request), refusal);
  return writeFrame(isRecord(body) ? body : {}, 'document');
}

function error({ message, cause, decision }: Refusal): ReturnType<Protocol['error']> {
  const flagged = cause === 'flagged';
  const type = flagged ? 'invalid_request_error' : 'server_error';
  const code = flagged ? 'content_filter' : 'content_unchecked';
  const body = { error: { message, type, param: 'messages', code }, chaperone: noticeOf(decision) };
  return { body: JSON.stringify(body), contentType: 'application/json' };
}
