import { childController, onAbort } from '../abort.ts';
import { attempt } from '../attempt.ts';
import { letGo } from '../iterate.ts';
import type { Judgement, Ruling } from '../judge.ts';
import type { Target } from '../moderation/items.ts';
import { isRefusal } from '../refusals.ts';
import { Recognition } from './recognition.ts';
import type { ChunkReader, ChunkReading, OwnVerdicts, StreamAdapter, Usage } from './adapter.ts';
import { earlierTurns, tellProviderBlocks } from './attempts.ts';
import type { Call } from './call.ts';
import { createGate, type Cutters, type Gate, type LaneWindow } from './gate.ts';
import type { Message, Segment, SegmentKind } from './segment.ts';
import { inScope, targetsOf } from './turns.ts';
import { sentenceWindows, wholeText } from './window.ts';

/** Upstream is not read on while so many characters wait for verdicts that are on their way. */
const ENOUGH_HELD = 64 * 1024;
/** The judgement of a second look is of stretches that stay below what moderators judge well. */
const SECOND_LOOK = 1_900;

/** One streamed reply: heard as it comes, held at the gate, judged window by window, and given on as far as it may. */
export class Listener<Request, Chunk> {
  readonly reader: ChunkReader<Chunk>;
  readonly gate: Gate<Chunk>;
  /** Which generation of the call it is. */
  readonly attempt: number;
  /** Whether another guard's own words were among it. */
  hasRefusal = false;
  /** Whether upstream has ended by itself. */
  isEnded = false;
  /** Whether it was ended before that: what is there is not all of the reply. */
  isCut = false;
  readonly #call: Call;
  readonly #earlier: () => readonly Message[];
  readonly #judgement: Judgement;
  readonly #recognition: Recognition;
  readonly #upstream: AsyncIterator<Chunk>;
  readonly #signal: AbortSignal;
  readonly #stop: () => void;
  readonly #providerBlocks: string[] = [];
  #blocked: string[] = [];
  readonly #outOfScope = new Set<string>();
  readonly #unjudgeable = new Set<'failed' | 'too-large'>();
  #isTooLarge = false;
  #isFree = false;
  /** Nobody wants it any longer. */
  #isOver = false;
  #judging = 0;
  #usage: Usage | undefined;
  #own: OwnVerdicts | undefined;
  #failure: { readonly error: unknown } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  /** Whoever waits for something to change. */
  #waiter: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /** @param cancel ends the generation */
  constructor(
    call: Call,
    adapter: StreamAdapter<Request, Chunk>,
    request: Request,
    upstream: AsyncIterable<Chunk>,
    cancel: () => void,
  ) {
    const { controller, unlink } = childController(call.signal);
    const { streaming } = call.parts;
    this.#call = call;
    this.attempt = call.attempts;
    this.reader = adapter.openStream(request);
    this.gate = createGate<Chunk>(cuttersFor(call), streaming.release === 'immediate');
    this.#earlier = earlierTurns(call, adapter, request);
    this.#judgement = call.judgement('output');
    this.#recognition = new Recognition(call);
    this.#upstream = upstream[Symbol.asyncIterator]();
    this.#signal = controller.signal;
    this.#stop = () => {
      unlink();
      clearTimeout(this.#timer);
      if (!this.isEnded || this.#judging > 0) controller.abort(); // an abort costs its stack trace
    };
    onAbort(controller.signal, () => {
      this.#isOver = true;
      clearTimeout(this.#timer);
      this.#wake();
      this.#room?.resolve();
      if (this.isEnded) return;
      this.isCut = true;
      cancel();
      letGo(() => this.#upstream);
    });
    void this.#pump();
  }

  /** Ends the generation and what runs for it. */
  cancel(): void {
    this.#stop();
  }

  /** Everything may leave from now on. */
  free(): void {
    this.#isFree = true;
    this.gate.open();
  }

  /**
   * The next chunks that may leave, or how the reply was ruled: at its end, or as soon as nothing of it can be saved.
   * Rejects with what upstream failed with, once what was cleared before has left, or with the caller's abort.
   */
  async next(): Promise<
    { readonly chunks: readonly Chunk[]; readonly isLast: boolean } | { readonly ruling: Ruling } | undefined
  > {
    for (;;) {
      this.#call.signal.throwIfAborted();
      const isBlocked = !this.#isFree && (this.#blocked.length > 0 || this.#isTooLarge);
      if (!isBlocked) {
        const isLast = this.isEnded && this.#isFree;
        const chunks = this.gate.leave(isLast);
        if (chunks.length > 0) {
          this.#room?.resolve();
          this.#recognition.note(() => this.#judged, this.#judgement);
          if (this.reader.left) for (const chunk of chunks) this.reader.left(chunk);
          return { chunks, isLast };
        }
      }
      if (this.#failure && !isBlocked) throw this.#failure.error;
      if (this.#isFree && this.isEnded) return undefined;
      const isHopeless = isBlocked && (this.#isTooLarge || (this.reader.isEverything?.(this.#blocked) ?? true));
      const isOver = (this.isEnded || this.#failure !== undefined) && this.#judging === 0;
      if (!this.#isFree && (isHopeless || isOver)) return { ruling: await this.#conclude() };
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
    }
  }

  /** Makes a refusal known to a guard around this call, also where it goes on after what has left. */
  noteRefusal(message: string): void {
    this.#recognition.noteRefusal(this.gate.left, message);
  }

  /** Makes history of what was said, so that it costs nothing when it comes back: of what was judged, all of it. */
  remember(): void {
    if (this.#unjudgeable.size > 0 || this.#judging > 0) return;
    for (const segment of this.gate.said) {
      const target = this.#outOfScope.has(segment.path) ? undefined : this.#target(asWhole(this.reader, segment), '');
      if (target) this.#call.parts.panel.remember(target, this.#judgement.verdictsOn(segment.path), this.#call.context);
    }
  }

  /** What was judged, or known to have been, of each lane. */
  get #judged(): readonly Segment[] {
    const segments = this.#isFree && this.isEnded ? this.gate.said : this.gate.cleared;
    return segments.filter(({ path }) => !this.#outOfScope.has(path));
  }

  async #conclude(): Promise<Ruling> {
    const { fallbacks } = this.#call.parts;
    this.#call.used(this.#usage);
    this.#call.tellOwn(this.#own);
    this.hasRefusal ||= this.#recognition.isRefusal;
    if (!this.hasRefusal) await tellProviderBlocks(this.#call, this.#providerBlocks);
    const { released } = this.gate;
    const ruling = await this.#judgement.conclude(fallbacks.output, {
      attempt: this.#call.attempts,
      released,
      canRetry: !this.gate.hasLeft,
    });
    this.#call.decided('output', ruling.decision);
    if (ruling.outcome.kind === 'release') this.free();
    else this.cancel();
    return ruling;
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        // Not raced against the abort, which costs more than the token: what comes after it is nobody's.
        const result = await this.#upstream.next();
        if (this.#isOver) return;
        if (result.done) break;
        this.#hear(result.value);
        while (this.gate.held > ENOUGH_HELD && !this.#isOver && this.#isOnTheWay) {
          this.#room = Promise.withResolvers();
          await this.#room.promise;
        }
      }
      this.isEnded = true;
      const windows = this.gate.end();
      if (this.#call.parts.streaming.isWhole)
        await this.#judgeWhole(windows.map(({ segment }) => asWhole(this.reader, segment)));
      else this.#judge(windows);
    } catch (error) {
      this.#failure = { error };
    }
    clearTimeout(this.#timer);
    this.#wake();
  }

  /** Whether what is held will become less by itself: after a flag nothing leaves before the end. */
  get #isOnTheWay(): boolean {
    return this.#judging > 0 || (this.gate.canLeave && this.#blocked.length === 0);
  }

  #hear(chunk: Chunk): void {
    const isOthers = isRefusal(chunk);
    this.hasRefusal ||= isOthers;
    const reading = isOthers ? NOTHING : this.#read(chunk);
    if (!reading) this.#isTooMuch('failed');
    if (reading?.usage) this.#usage = reading.usage;
    if (reading?.verdicts) this.#own = reading.verdicts;
    if (reading?.providerBlocks) this.#providerBlocks.push(...reading.providerBlocks);
    const { isWhole, maxHeld } = this.#call.parts.streaming;
    const ended = isWhole ? undefined : reading?.ended;
    const segments = reading?.segments ?? [];
    // Before it is cut, which takes its time with what is much too large.
    if (!this.#isFree && this.gate.held + lengthOf(segments) > maxHeld) this.#isTooMuch('too-large');
    if (this.#isTooLarge) return this.#wake();
    const { isLast, isSealed } = reading ?? NOTHING;
    if (reading && !isOthers) this.#call.kind = isSealed ? 'reply' : 'stream';
    const windows = this.gate.hold(chunk, segments, performance.now(), ended, isLast, isSealed);
    this.#recognition.hear(segments, (path) => this.gate.clearLane(path));
    if (windows.length > 0) this.#judge(windows);
    if (windows.length > 0 || this.#due === Infinity) this.#setTimer();
    if (this.gate.canLeave) this.#wake();
  }

  /** Undefined: it cannot be read. Written out, for it is done with every token. */
  #read(chunk: Chunk): ChunkReading | undefined {
    try {
      return this.reader.read(chunk);
    } catch {
      return undefined;
    }
  }

  /** Nobody can judge it: what is left is refused, or leaves unjudged, as the guard says. */
  #isTooMuch(reason: 'failed' | 'too-large'): void {
    if (this.#unjudgeable.has(reason)) return;
    this.#unjudgeable.add(reason);
    this.#judgement.unreadable('reply', reason);
    if (this.#call.parts.uncheckedPolicy[reason] === 'block') this.#isTooLarge = true;
    else if (reason === 'too-large') this.gate.open();
  }

  /** Undefined: it is nothing that is to be judged. */
  #target(segment: Segment, before: string): Target | undefined {
    const message = inScope({ role: 'assistant', path: 'reply', segments: [segment] }, this.#call.parts.scopes);
    const [target] = targetsOf(message, 'output', this.#earlier);
    return target && { ...target, ...(before !== '' && { before }) };
  }

  #judge(windows: readonly LaneWindow[]): void {
    for (const window of windows) void this.#judgeOne(window);
  }

  /** All of a reply at once, as one message: so that nobody who reads whole messages sees a part of one. */
  async #judgeWhole(segments: readonly Segment[]): Promise<void> {
    this.#judging += 1;
    const { scopes } = this.#call.parts;
    const unknown = segments.filter(({ path }) => !this.#recognition.knows(path));
    const message = inScope({ role: 'assistant', path: 'reply', segments: unknown }, scopes);
    for (const segment of unknown) if (!message.segments.includes(segment)) this.#outOfScope.add(segment.path);
    await this.#judgement.read(targetsOf(message, 'output', this.#earlier), this.#own?.output);
    this.#judging -= 1;
  }

  async #judgeOne(window: LaneWindow): Promise<void> {
    const { segment, before, start, end, isSecond } = window;
    const isKnown = this.#recognition.knows(segment.path, end);
    const target = isKnown ? undefined : this.#target(asWhole(this.reader, segment), before);
    if (isKnown) return this.gate.clear(window);
    if (!target) {
      this.#outOfScope.add(segment.path);
      this.gate.clear(window);
      return;
    }
    this.#judging += 1;
    try {
      const action = await this.#judgement.readWindow(target, { start, end }, !isSecond, this.#signal);
      if (action === 'block') this.#blocked.push(segment.path);
      else if (!isSecond) this.gate.clear(window);
    } catch {
      // The call was aborted, or this reply is not wanted any longer.
    }
    this.#judging -= 1;
    this.#room?.resolve();
    this.#wake();
  }

  #setTimer(): void {
    const { due } = this.gate;
    if (due === this.#due || this.#signal.aborted) return;
    this.#due = due;
    clearTimeout(this.#timer);
    if (due === Infinity) return;
    this.#timer = setTimeout(
      () => {
        this.#due = Infinity;
        this.#judge(this.gate.wait(performance.now()));
        this.#setTimer();
        this.#wake();
      },
      Math.max(1, Math.ceil(due - performance.now())), // it may be due already, where the process was busy
    );
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.();
  }
}

function lengthOf(segments: readonly Segment[]): number {
  let length = 0;
  for (const { text } of segments) length += text?.length ?? 0;
  return length;
}

const NOTHING: ChunkReading = { segments: [] };
const FLOWING: readonly SegmentKind[] = ['text', 'reasoning', 'refusal'];

function flows({ kind, isWhole }: Segment): boolean {
  return !isWhole && FLOWING.includes(kind);
}

/** What is held until it is whole, as a reply that comes at once would have it. */
export function asWhole(reader: Pick<ChunkReader<never>, 'whole'>, segment: Segment): Segment {
  if (!reader.whole || flows(segment)) return segment;
  return attempt(() => reader.whole?.(segment)) ?? segment;
}

/** Text, reasoning and refusals flow; what must be whole to be of use, or to be judged, is held until it is. */
function cuttersFor({ parts: { streaming } }: Call): Cutters {
  const { isWhole, window, recheck } = streaming;
  const context = Math.min(window.context, SECOND_LOOK / 2);
  const size = SECOND_LOOK - context;
  const second = { first: size, size, context, maxWait: Infinity, span: 0 };
  return {
    judgesMediaAtOnce: !isWhole,
    create: (segment) => (!isWhole && flows(segment) ? sentenceWindows(window) : wholeText()),
    createSecond: (segment) => (recheck && !isWhole && flows(segment) ? sentenceWindows(second) : undefined),
  };
}
