/** Small words that English text is full of, as the model reads them. */
const ENGLISH = setOf(
  "the and is are was were be been am i you he she it we they my your his her its our their this that these those to of in on at for with from by as not no yes do does did don't doesn't didn't can can't could would should will won't have has had what who how why when where which if but or so than then there here all just an a me him them us i'm you're it's that's about out up get got go like know want please if one more any some because into over even very how's let's",
);

/** Small words of other languages in Latin letters, without accents, and without those that are English words too. */
const OTHERS: readonly ReadonlySet<string>[] = [
  'el la los las del que en es una por para con como pero muy esta este eso esos hay yo tu mi si lo le les se nos ser soy eres son mas porque cuando donde quien todo todos tambien hasta desde sobre sin ya asi fue ha han tiene puede hola gracias',
  'o os as da das dos que em um uma por para com como mas muito esta este isso ha eu tu meu sua seu sao mais porque quando onde quem tudo todos tambem ate desde sobre sem ja foi nao voce ele ela pra vai tem pode na nas aos esse essa',
  'le la les des du de et est une un que qui dans pour pas avec sur plus ce cette ces je tu il elle nous vous ils elles mon ton son mes ses mais ou donc car ne se sont etre avoir fait tout tous bien tres quand comme aussi sans leur peut aux ca suis etait',
  'der das und ist ein eine einen einem einer nicht ich du er sie wir ihr mit von zu auf fur den dem des im auch aber oder wenn wie wer sich bei nach aus uber nur noch schon sind hat haben wird werden kann mich dich uns euch mein dein sein kein keine dass mal ja nein so',
  'il lo la gli le di da che non un una per con come ma piu sono era questo questa questi io tu lui lei noi voi loro mio tuo suo anche quando dove perche chi tutto tutti molto essere ho hai ha hanno del della dei delle nel nella al alla si ci ne se ed',
  'de het een en van ik je dat niet met op voor zijn maar ook als om dan wel nog naar bij uit deze dit heeft hebben kan geen wat hij zij wij jij mijn jouw er aan te wordt worden moet veel meer door over',
  'och det att en ett som ar jag du han hon vi ni de inte pa med for till av om men har hade kan ska vill den detta alla mycket nar hur vad',
  'og det er at en et som jeg du han hun vi i de ikke pa med for til av om men har hade kan skal vil den dette alle meget nar hvor hva hvad af fra ogsa',
  'nie to jest sie na z w do ze co jak ale czy tak ja ty on ona my wy oni mnie ciebie moj twoj dla od po za tylko juz byc byl bylo byla sa ma moze bardzo',
  've bir bu da de icin ile ben sen biz siz onlar ne var yok degil cok daha gibi kadar ama mi mu evet hayir nasil neden kim olarak olan oldu',
  'yang dan di ke dari ini itu untuk dengan tidak ada adalah saya aku kamu dia kami kita mereka akan sudah juga bisa karena pada apa siapa bagaimana jangan sangat lebih',
  'si este o un sa nu la cu de pe care mai din ce pentru sunt eu tu el ea noi voi ei dar daca cum cand unde foarte fost are am fi',
  'ja on ei se etta mina sina han me te he olen olet ovat oli mutta kun niin mita miksi kuka tama joka ovat myos vain kuin',
  'a az es egy nem hogy is van volt en te o mi ti ok de ha mint csak meg mar ez ezt azt nagyon lesz vagy',
  'je to se na v ze s z do jsem jsi jsou byl byla bylo ale jak co kdo proc kde kdyz nebo jako pro ten ta tak uz jen ne ano velmi',
  'ang ng mga sa na ay at ko mo siya ako ikaw kami tayo sila hindi ito iyan kung para lang din rin po opo may wala',
  'na ya wa kwa ni katika hii hiyo huu mimi wewe yeye sisi nyinyi wao si sana lakini kama kwamba hapa nini nani',
  'khong la va cua co toi ban anh em nay do cho voi nhung mot cac duoc trong nguoi',
].map((words) => new Set([...setOf(words)].filter((word) => !ENGLISH.has(word) && !isEnglishToo(word))));

/** Fewer words than this may be a name or a greeting: the script alone decides. */
const FEW = 4;

/**
 * Whether a text may be judged by a model of English: `words` of it as the model reads them, and how many of them it
 * knows. What has no letters is of no language, and may.
 */
export function isEnglish(text: string, words: readonly string[], known: number): boolean {
  const { foreign, latin } = lettersOf(text);
  // What is drawn like Latin letters counts as such by now; a word or a name in another script makes no text foreign.
  if (foreign > 0 && foreign * 3 > latin) return false;
  const spoken = words.filter((word) => isWord(word));
  if (spoken.length < FEW) return true;
  const english = spoken.filter((word) => ENGLISH.has(word)).length;
  let other = 0;
  for (const language of OTHERS) {
    let hits = 0;
    for (const word of spoken) if (language.has(word)) hits += 1;
    other = Math.max(other, hits);
  }
  if (other > english && other * 8 >= spoken.length) return false;
  return english > 0 || spoken.length < 8 || known * 3 >= spoken.length;
}

/** Letters outside ASCII, and letters in it, of a normalised text. Letters of scripts without an alphabet count as two. */
function lettersOf(text: string): { readonly foreign: number; readonly latin: number } {
  let foreign = 0;
  let latin = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 97 && code <= 122) latin += 1;
    else if (code >= 0xaa && isLetter(text, at, code)) foreign += code >= 0x2e80 ? 2 : 1;
  }
  return { foreign, latin };
}

const LETTER = /\p{L}/u;

function isLetter(text: string, at: number, code: number): boolean {
  // Half of a pair is no letter: emoji are pairs, and so are scripts that are hardly written any more.
  return (code < 0xd800 || code > 0xdfff) && LETTER.test(text.charAt(at));
}

const isWord = (word: string): boolean => word.length > 0 && word.charCodeAt(0) >= 97 && word.charCodeAt(0) <= 122;

function isEnglishToo(word: string): boolean {
  return /^(?:a|as|o|i|am|an|at|on|in|is|so|no|do|die|was|will|me|he|we|us|my|to|all|man|are|has|had|hat|here|son|ton|car|mine|dot|dos|sin|or|once|sea|come|bed|of|by|over|met|kind|net|van|den|ten|log|per|may|ban|if|it|be|for|men|mas|ma|pa|ha|ok|ya|te|em|lang|meg|tent|toy)$/.test(
    word,
  );
}

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
