'use client';

import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport, type UIMessage } from 'ai';
import { useEffect, useState } from 'react';
import { WORDS, type Language } from './words';

/** The chat is kept in the browser, so that a reload shows it again. */
const KEY = 'chat';
const transport = new DefaultChatTransport({ api: '/api/chat' });

export default function Page() {
  const [language, setLanguage] = useState<Language>('en');
  const [text, setText] = useState('');
  const { messages, setMessages, sendMessage, status } = useChat({ transport });
  const words = WORDS[language];

  useEffect(() => {
    const kept = localStorage.getItem(KEY);
    if (kept) setMessages(JSON.parse(kept) as UIMessage[]);
  }, [setMessages]);
  useEffect(() => {
    if (status === 'ready' && messages.length > 0) localStorage.setItem(KEY, JSON.stringify(messages));
  }, [status, messages]);

  return (
    <main data-status={status}>
      <header>
        <h1>{words.title}</h1>
        <select
          value={language}
          aria-label="Language"
          onChange={(event) => setLanguage(event.target.value as Language)}
        >
          {Object.entries(WORDS).map(([code, { name }]) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </header>
      <section aria-live="polite">
        {messages.map((message) => (
          <Bubble key={message.id} message={message} retried={words.retried} />
        ))}
      </section>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === '') return;
          void sendMessage({ text }, { headers: { 'accept-language': language } });
          setText('');
        }}
      >
        <input
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder={words.say}
          aria-label={words.say}
        />
        <button disabled={status !== 'ready'}>{words.send}</button>
      </form>
    </main>
  );
}

function Bubble({ message, retried }: { readonly message: UIMessage; readonly retried: string }) {
  const isRetried = message.parts.some(({ type }) => type === 'data-retried');
  return (
    <article className={message.role}>
      {message.parts.map((part, index) => part.type === 'text' && <p key={index}>{part.text.trimEnd()}</p>)}
      {isRetried && <small>↻ {retried}</small>}
    </article>
  );
}
