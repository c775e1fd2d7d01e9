import { expect, test } from 'vitest';
import { knownServers, serverLines } from '../../../src/cli/endpoint-view.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const asked = { why: '', since: null, askedAt: NOW - 4000, inFlight: 0, requests: 120, failures: 0 };

test('of each server of an embedder: how it is and since when, when it was asked, and the last look at its vectors', () => {
  const entry = { kind: 'embedding', url: 'http://a:1/v1', alsoAt: ['http://b:1/v1', 'http://c:1/v1'] } as const;
  const servers = knownServers(
    { ...entry, alsoAt: [...entry.alsoAt] },
    [
      { ...asked, url: 'http://a:1/v1', state: 'up', inFlight: 2 },
      { ...asked, url: 'http://b:1/v1', state: 'down', why: 'gone', since: NOW - 60_000, failures: 3 },
    ],
    [
      { url: 'http://a:1/v1', at: NOW - 30_000, kept: true, cosine: 0.99999 },
      { url: 'http://c:1/v1', at: NOW - 5000, kept: false, cosine: 0.25 },
    ],
  );
  expect(serverLines(servers, NOW)).toEqual([
    '  server http://a:1/v1: up, 120 requests within a day, 2 in work, asked 4 s ago; vectors as promised 30 s ago (cosine 1.0000)',
    '  server http://b:1/v1: down since 2026-11-29 11:59:00 UTC, 120 requests within a day, 3 failed, asked 4 s ago: gone',
    '  server http://c:1/v1: not asked within a day; OTHER VECTORS 5 s ago (cosine 0.2500)',
  ]);
});

test('of an embedder with one server, of which nobody counts what is asked, its vectors alone', () => {
  const entry = { kind: 'embedding', url: 'http://a:1/v1' } as const;
  const seen = { url: 'http://a:1/v1', at: NOW - 30_000, kept: true, cosine: 1 };
  expect(serverLines(knownServers(entry, [], [seen]), NOW)).toEqual([
    '  server http://a:1/v1: vectors as promised 30 s ago (cosine 1.0000)',
  ]);
  expect(knownServers(entry, [], [])).toEqual([]);
});

test('a chat endpoint that is no pool has no servers to tell of', () => {
  expect(knownServers({ kind: 'chat', url: 'http://a:1/v1' }, [], [])).toEqual([]);
});
