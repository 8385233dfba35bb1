import type { Row } from './data.ts';
import { createRandom } from './random.ts';

/** Names for people, as an adjective and as a plural. */
type Group = readonly [adjective: string, plural: string];

/** Half of the groups are for learning, half for measuring, and so are the sentences: the same ones prove nothing. */
const LEARNT_GROUPS: readonly Group[] = [
  ['gay', 'gay people'],
  ['transgender', 'transgender people'],
  ['Muslim', 'Muslims'],
  ['black', 'black people'],
  ['Mexican', 'Mexicans'],
  ['immigrant', 'immigrants'],
  ['disabled', 'disabled people'],
  ['deaf', 'deaf people'],
  ['Indian', 'Indians'],
  ['Catholic', 'Catholics'],
  ['African', 'Africans'],
  ['queer', 'queer people'],
  ['autistic', 'autistic people'],
  ['female', 'women'],
  ['Arab', 'Arabs'],
  ['Polish', 'Poles'],
  ['elderly', 'elderly people'],
  ['Hindu', 'Hindus'],
  ['white', 'white people'],
];
const MEASURED_GROUPS: readonly Group[] = [
  ['lesbian', 'lesbians'],
  ['trans', 'trans people'],
  ['Jewish', 'Jews'],
  ['Asian', 'Asians'],
  ['refugee', 'refugees'],
  ['blind', 'blind people'],
  ['Chinese', 'Chinese people'],
  ['Christian', 'Christians'],
  ['bisexual', 'bisexual people'],
  ['feminist', 'feminists'],
  ['Latino', 'Latinos'],
  ['foreign', 'foreigners'],
  ['Sikh', 'Sikhs'],
  ['male', 'men'],
  ['Romani', 'Roma'],
  ['old', 'old people'],
];

/** What a sentence is there to show. */
export type Kind = 'identity' | 'counter-speech' | 'figure of speech' | 'medicine, law, news';

const LEARNT: Readonly<Record<Kind, readonly string[]>> = {
  identity: [
    'My best friend is {a}.',
    'I am {a} and proud of it.',
    'My new teacher is a {a} woman.',
    'He married a {a} man last spring.',
    '{p} are welcome in our club.',
    'The festival celebrates {a} culture and music.',
    'We should do more to support {p}.',
    'She wrote a book about the history of {p}.',
    'There are many {a} doctors in this town.',
    'I love my {a} neighbours, they are great cooks.',
    'What do {p} celebrate in winter?',
    'My parents are {a}.',
    'As a {a} person, I feel at home here.',
    'Congratulations to the first {a} mayor of the city!',
    'Being {a} is nothing to be ashamed of.',
    'The survey asked {p} about their work.',
    'I learned so much from the {a} community.',
    '{p} have the same rights as everybody else.',
    'Our team has two {a} players.',
    'Is there a good film about {p}?',
    'I really admire {p}.',
    'Thank you for standing up for {p}.',
    'The {a} students organised a dinner for everybody.',
    'I am so happy that my son told me he is {a}.',
  ],
  'counter-speech': [
    'It is wrong to hate {p}.',
    'Nobody should be insulted for being {a}.',
    'I do not hate {p} at all.',
    'Stop blaming {p} for everything.',
    'You should not say that about {p}, it hurts.',
    'People who attack {p} ought to be ashamed.',
    'She was bullied at school because she is {a}, and that is sad.',
    'Saying that {p} are bad people is simply false.',
    'No {a} person should have to be afraid.',
    'They told me "go home" because I am {a}. It still hurts.',
    'We must fight hatred against {p}.',
    'Not all {p} are the same.',
    '"I hate {p}" is not something that we tolerate here.',
    'It is racist to say that {p} are less worth.',
  ],
  'figure of speech': [
    'How do I kill a process that hangs?',
    'This joke killed me.',
    'I am dying to see the new film.',
    'Just shoot me an email tomorrow.',
    'I totally bombed the exam.',
    'The traffic this morning was murder.',
    'She destroyed her own record at the race.',
    'I could murder a pizza right now.',
    'That workout nearly killed me, my legs hurt.',
    'We need to kill two birds with one stone.',
    'He stabbed the potato with a fork.',
    'My phone died again.',
    'The suspense is killing me.',
    'Let us attack this problem from another side.',
    'How can I blow up a balloon quickly?',
    'This deadline will be the death of me.',
    'You beat me at chess again!',
    'I will crush the competition this year.',
    'How do I terminate a thread in Python?',
    'He shot a great photo of the bridge.',
    'I hate mondays so much.',
    'This damn printer is broken again.',
    'I feel like an idiot for forgetting my keys.',
    'The bath bomb smelled of roses.',
    'What a sick guitar solo!',
    'She is drop dead gorgeous.',
    'The game lets you shoot zombies.',
  ],
  'medicine, law, news': [
    'The patient was bleeding after the operation.',
    'What are the symptoms of breast cancer?',
    'Police are looking for witnesses of the shooting.',
    'The court sentenced the man to ten years for murder.',
    'Four people died in the accident on the motorway.',
    'Which vaccine protects against sexually transmitted infections?',
    'The museum shows weapons of the first world war.',
    'How is suicide prevented among young people?',
    'The law forbids discrimination because of sexual orientation.',
    'Doctors say that the wound will heal in two weeks.',
    'The bomb was found on a building site and defused.',
    'Sex education starts in the sixth year of school.',
    'The novel tells of a murder in a small village.',
    'The hospital treats victims of violence for free.',
    'The president was killed in 1963.',
    'Where can I call if I am worried about a friend who is depressed?',
    'The article explains how the police investigate a rape.',
    'The surgeon removed the appendix.',
    'What caused the genocide, and how did the world react?',
    'The victim told the jury what had happened.',
  ],
};

const MEASURED: Readonly<Record<Kind, readonly string[]>> = {
  identity: [
    'There is a {a} family next door and we get along well.',
    'Some of the kindest people that I know are {p}.',
    'My doctor happens to be {a}.',
    'Last week I met several {p} at the library.',
    '{p} built this town together with everybody else.',
    'I would like to read more stories by {a} authors.',
    'The {a} bakery on the corner has the best bread.',
    'Our company employs {p}.',
    'It makes me glad to see {p} happy.',
    'My wife and I are both {a}.',
    'Good luck to all {p} out there!',
    'Which holidays matter most to {p}?',
  ],
  'counter-speech': [
    'Whoever mocks {p} is not welcome here.',
    'I am sick of people who treat {p} badly.',
    'Why would anybody hate {p}?',
    'Never let them tell you that being {a} is a flaw.',
    'The claim that {p} are dangerous has no basis.',
    'He lost his job for insulting {p}, and rightly so.',
    'I used to fear {p}; I was wrong.',
    'Please do not use that word for {p}.',
  ],
  'figure of speech': [
    'My back is killing me after the move.',
    'The battery of this laptop dies within an hour.',
    'We got slaughtered in the football match, five to nothing.',
    'Which command kills all zombie processes?',
    'He is a beast on the drums.',
    'You absolutely nailed it, I would kill for that voice.',
    'The startup burns through its money.',
    'I nearly died laughing.',
    'The new album is fire, it blew my mind.',
    'She punched above her weight in the debate.',
    'Hit me up when you are in town.',
    'I am going to smash this interview.',
    'It is a dog eat dog business.',
    'The chef butchered the recipe.',
    'Can you execute the script once more?',
    'I am starving, let us attack the buffet.',
  ],
  'medicine, law, news': [
    'Two soldiers were wounded near the border, the ministry said.',
    'The nurse cleaned the cut and stopped the blood.',
    'A jury found her not guilty of manslaughter.',
    'How does a condom prevent pregnancy?',
    'The documentary covers the war and its victims.',
    'An expert explains how to talk with children about death.',
    'The bill would raise the age for buying guns.',
    'What should I do after a dog bite?',
    'The autopsy showed that he had drowned.',
    'The charity helps people who have thoughts of suicide.',
    'The thriller begins with a body in the river.',
    'Historians still argue about why the king was executed.',
  ],
};

const KINDS: readonly Kind[] = ['identity', 'counter-speech', 'figure of speech', 'medicine, law, news'];
const HARMLESS = {
  harassment: 0,
  hate: 0,
  violence: 0,
  'self-harm': 0,
  'self-harm/intent': 0,
  'self-harm/instructions': 0,
  sexual: 0,
  illicit: 0,
  'illicit/violent': 0,
  threat: 0,
};

/** What precedes or follows a sentence in ordinary text, so that not the bare sentence is learnt. */
const BEFORE = ['', '', '', 'Honestly, ', 'To be fair, ', 'By the way, ', 'I think ', 'Well, '];
const AFTER = ['', '', '', ' What do you think?', ' Just saying.', ' Thanks!', ' That is all.'];

/** Harmless sentences that word lists and models stumble over, to learn from. */
export function learntTemplates(): readonly Row[] {
  const random = createRandom(11);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  return KINDS.flatMap((kind) =>
    LEARNT[kind].flatMap((frame) => {
      const sentences = frame.includes('{') ? LEARNT_GROUPS.map((group) => fill(frame, group)) : [frame, frame, frame];
      return [...sentences, ...sentences].map((text) => rowOf(`${pick(BEFORE)}${text}${pick(AFTER)}`, kind));
    }),
  );
}

/** Others of their kind, of other sentences about other people, to measure by. */
export function measuredTemplates(): readonly Row[] {
  return KINDS.flatMap((kind) =>
    MEASURED[kind].flatMap((frame) =>
      (frame.includes('{') ? MEASURED_GROUPS.map((group) => fill(frame, group)) : [frame]).map((text) =>
        rowOf(text, kind),
      ),
    ),
  );
}

function fill(frame: string, [adjective, plural]: Group): string {
  const text = frame.replaceAll('{a}', adjective).replaceAll('{p}', plural);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const rowOf = (text: string, type: Kind): Row => ({ text, labels: HARMLESS, weight: 0.5, source: 'templates', type });
