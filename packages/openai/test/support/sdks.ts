import OpenAI, { AzureOpenAI } from 'openai';
import OpenAI5, { AzureOpenAI as AzureOpenAI5 } from 'openai-5';
import OpenAI6, { AzureOpenAI as AzureOpenAI6 } from 'openai-6';

/** One major version of the `openai` package. The calls made here are the same in each: so the types of the newest serve. */
export interface Sdk {
  readonly version: string;
  readonly OpenAI: typeof OpenAI;
  readonly AzureOpenAI: typeof AzureOpenAI;
}

export const SDKS: readonly Sdk[] = [
  { version: '7', OpenAI, AzureOpenAI },
  { version: '6', OpenAI: OpenAI6 as never, AzureOpenAI: AzureOpenAI6 as never },
  { version: '5', OpenAI: OpenAI5 as never, AzureOpenAI: AzureOpenAI5 as never },
];
