import type { TestServer } from '@chaperone/testing';
import type { Page } from 'playwright-core';

/** A page, the models behind the app, and a camera. */
export interface Scene {
  readonly page: Page;
  readonly upstream: TestServer;
  shoot(name: string): Promise<void>;
}

/** Every answer in the page is as expected, or it throws. */
export function expectText(found: string, expected: RegExp): void {
  if (!expected.test(found)) throw new Error(`expected ${String(expected)}, found: ${found}`);
}
