import { createGuard, type Content, type Events, type FailureReason, type Moderator } from '@chaperone/core';
import { moderateOptions } from '@chaperone/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FAULTS, type Vendor, type VendorFault } from './vendor.ts';

export interface FaultKit {
  /** Started before the first test. */
  readonly vendor: () => Vendor;
  /** Makes the moderator for a server at this address. */
  readonly make: (url: string) => Moderator;
  /** The key that it was made with: no report may hold it. */
  readonly key: string;
  /** A content that it clears. */
  readonly content?: Content;
  /** Answers of this vendor's own that are none, beside the common ones. */
  readonly malformed?: readonly (readonly [title: string, answer: unknown])[];
  /** What the moderator has to say of a fault where that differs. */
  readonly reasons?: { readonly [title: string]: FailureReason };
}

/** Registers the fault table for a moderator that asks a vendor over HTTP: no fault is a pass, whatever it is. */
export function testFaults({
  vendor,
  make,
  key,
  content = 'a calm canary-text day',
  malformed = [],
  reasons = {},
}: FaultKit): void {
  describe('whatever goes wrong with its service', () => {
    beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
    afterEach(() => vi.restoreAllMocks());

    const check = async (fault: VendorFault | undefined) => {
      vendor().fault = fault;
      const guard = createGuard<Moderator>({
        moderators: [make(vendor().url)],
        moderation: { deadline: 400, breaker: false },
      });
      const failures: Events['moderator-failed'][] = [];
      guard.on('moderator-failed', (event) => failures.push(event));
      const begun = performance.now();
      const decision = await guard.check(content);
      return { decision, failures, took: performance.now() - begun };
    };

    test('it clears what is clear while nothing goes wrong', async () => {
      const { decision, failures } = await check(undefined);
      expect(decision).toMatchObject({ action: 'allow', unchecked: [], findings: [] });
      expect(failures).toEqual([]);
      expect(vendor().requests).toHaveLength(1);
    });

    test.each(FAULTS)('$title: unchecked and blocked, and said why', async ({ title, fault, reason, requests }) => {
      const { decision, failures, took } = await check(fault);
      expect(decision).toMatchObject({ action: 'block', findings: [], unchecked: [{ reason: 'failed' }] });
      expect(failures).toMatchObject([{ reason: reasons[title] ?? reason, items: 1 }]);
      expect(took).toBeLessThan(500);
      await vi.waitFor(() => expect(vendor().requests).toHaveLength(requests));
      expect(vendor().requests.every(({ path }) => path !== '/elsewhere')).toBe(true);
      if (reason === 'timeout') await vi.waitFor(() => expect(vendor().requests[0]?.left).toBe(true));
      expect(JSON.stringify([decision, failures])).not.toMatch(/canary-(text|body)/);
      expect(JSON.stringify([decision, failures])).not.toContain(key);
    });

    test.each(malformed)('its answer has %s: malformed, never a pass', async (_, answer) => {
      const { decision, failures } = await check({ answer });
      expect(decision).toMatchObject({ action: 'block', findings: [], unchecked: [{ reason: 'failed' }] });
      expect(failures).toMatchObject([{ reason: 'malformed' }]);
    });

    test('a signal that is aborted already sends nothing', async () => {
      const options = moderateOptions({ signal: AbortSignal.abort() });
      const segment = { kind: 'text', role: 'user', path: 'p', text: 'hello' } as const;
      const item = { segment, stage: 'input', message: [segment], conversation: [] } as const;
      expect(await make(vendor().url).moderate([item], options)).toEqual([{ status: 'failed', reason: 'aborted' }]);
      expect(vendor().requests).toEqual([]);
    });
  });
}
