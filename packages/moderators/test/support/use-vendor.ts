import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import type { Item, Moderator, Report, Segment, Stage } from '@chaperone/core';
import { moderateOptions } from '@chaperone/testing';
import { startVendor, type Vendor, type VendorScript } from './vendor.ts';

/** A vendor's server for all tests of a file; after each it is as just started. What goes to the console is swallowed. */
export function useVendor(script: VendorScript): () => Vendor {
  let vendor: Vendor;
  beforeAll(async () => {
    vendor = await startVendor(script);
  });
  afterAll(() => vendor[Symbol.asyncDispose]());
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
  afterEach(() => {
    vendor.reset();
    vendor.script = script;
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
  return () => vendor;
}

export function itemOf(content: string | URL | Uint8Array, stage: Stage = 'input', beside = ''): Item {
  const role = stage === 'input' ? 'user' : 'assistant';
  const segment: Segment =
    typeof content === 'string'
      ? { kind: 'text', role, path: 'p', text: content }
      : { kind: 'image', role, path: 'p', image: content };
  return {
    segment,
    stage,
    message: beside === '' ? [segment] : [{ kind: 'text', role, path: 'q', text: beside }, segment],
  };
}

/** What a moderator says of one item. */
export async function reportOn(moderator: Moderator, item: Item): Promise<Report | undefined> {
  const [report] = await moderator.moderate([item], moderateOptions());
  return report;
}
