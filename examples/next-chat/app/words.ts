/** The words of the page. Those of refusals are the guard's own, in the same languages. */
export const WORDS = {
  en: {
    name: 'English',
    title: 'A guarded chat',
    say: 'Say something',
    send: 'Send',
    retried: 'The first answer was not fit to be shown; this is another one.',
  },
  fr: {
    name: 'Français',
    title: 'Une conversation gardée',
    say: 'Dites quelque chose',
    send: 'Envoyer',
    retried: 'La première réponse ne convenait pas ; en voici une autre.',
  },
  zh: {
    name: '中文',
    title: '受保护的聊天',
    say: '说点什么',
    send: '发送',
    retried: '第一个回答不宜显示，这是另一个回答。',
  },
};

export type Language = keyof typeof WORDS;
