import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { guardErrorText, guardModel } from '@chaperone/ai-sdk';
import { guardRoute } from '@chaperone/http';
import {
  convertToModelMessages,
  createUIMessageStream,
  createUIMessageStreamResponse,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai';
import { after, type NextRequest } from 'next/server';
import { chatGuard } from '../../../lib/guard';
import { service } from '../../../lib/service';

/** The model is guarded, and so is the route around it: what the one has let out the other recognises. */
export async function POST(request: NextRequest): Promise<Response> {
  const guard = await chatGuard();
  return guardRoute(answer, guard, { waitUntil: after })(request);
}

async function answer(request: NextRequest): Promise<Response> {
  const { messages }: { messages: UIMessage[] } = await request.json();
  const { apiKey, baseURL } = await service();
  const guard = await chatGuard();
  const requestId = crypto.randomUUID();
  const locale = request.headers.get('accept-language') ?? 'en';
  const provider = createOpenAICompatible({ name: 'chat', apiKey, baseURL });
  const model = guardModel(provider.chatModel('gpt-5-mini'), guard.with({ requestId, locale }));

  const stream = createUIMessageStream({
    async execute({ writer }) {
      const stop = guard.on('retried', ({ context }) => {
        if (context.requestId === requestId) writer.write({ type: 'data-retried', data: {} });
      });
      const result = streamText({
        model,
        messages: await convertToModelMessages(messages),
        abortSignal: request.signal,
        onEnd: stop,
        onAbort: stop,
      });
      writer.merge(toUIMessageStream({ stream: result.stream, onError: guardErrorText }));
    },
  });
  return createUIMessageStreamResponse({ stream });
}
