import type { Guard } from '@chaperone/core';
import type { ChatScript } from '@chaperone/testing';
import type { Screen } from '../screen.ts';
import type { Service } from '../service.ts';

export interface Scene {
  readonly title: string;
  /** What of the guard matters here, as a user would write it. */
  readonly guard: string;
  /** What the scripted model says. */
  readonly script: ChatScript;
  /** Why it is not played with the real service. */
  readonly skipped?: string;
  play(setting: Setting): Promise<void>;
}

/** What a scene is played with. */
export interface Setting {
  readonly service: Service;
  readonly screen: Screen;
}

/** What is needed for one call of a scene. */
export interface Turn extends Setting {
  readonly guard: Guard;
}
