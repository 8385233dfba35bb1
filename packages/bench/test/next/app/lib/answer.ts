import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { guardModel } from '@chaperone/ai-sdk';
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  generateText,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai';
import { guard } from './guard';

const provider = createOpenAICompatible({
  name: 'local',
  baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:9/v1',
});

/** Answers a chat in one of the forms that routes have, with a model that has the guard or has none. */
export async function answer(request: Request, form: string, model: string): Promise<Response> {
  const { messages }: { messages: UIMessage[] } = await request.json();
  const bare = provider.chatModel('scripted');
  const call = {
    model: model === 'guarded' ? guardModel(bare, guard) : bare,
    messages: await convertToModelMessages(messages),
    abortSignal: request.signal,
  };
  if (form === 'json') return Response.json({ reply: (await generateText(call)).text });
  if (form === 'text') return new Response((await generateText(call)).text);
  const result = streamText({ ...call, onError: () => {} });
  if (form === 'text-stream')
    return new Response(result.textStream.pipeThrough(new TextEncoderStream()), {
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
  return createUIMessageStreamResponse({ stream: toUIMessageStream({ stream: result.stream }) });
}
