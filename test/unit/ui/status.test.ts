import { afterEach, expect, test } from 'vitest';
import { EndpointLimiter } from '../../../src/models/endpoint-limits.ts';
import { setLanguage } from '../../../src/ui/i18n/index.ts';
import { shownStatus } from '../../../src/ui/status.ts';

afterEach(() => setLanguage('en'));

const TEXTS = [
  ['waits 3 s: 429 (try 2 of 5)', '等待 3 秒：429（第 2 次，共 5 次）'],
  ['waits 0.5 s: nothing answers (try 2 of 3)', '等待 0.5 秒：没有应答（第 2 次，共 3 次）'],
  ['waits 30 s: 2 requests a minute', '等待 30 秒：每分钟最多 2 个请求'],
  ['waits 7 s: the server asked for it', '等待 7 秒：服务器要求等待'],
  ['waits its turn: 2 at a time', '排队等候：同时最多 2 个请求'],
  ['starting small-chat', '正在启动 small-chat'],
  ['starting small-chat: reading the model', '正在启动 small-chat：reading the model'],
  ['loading tuned into the server of small-chat', '正在把 tuned 载入 small-chat 的服务'],
  ['stopping old, which is idle, to make room for new', '正在停止空闲的 old，为 new 腾出内存'],
] as const;

test.each(TEXTS)('%s', (english, chinese) => {
  expect(shownStatus(english)).toBe(english);
  setLanguage('zh');
  expect(shownStatus(english)).toBe(chinese);
});

test('what is none of ours comes as it is', () => {
  setLanguage('zh');
  for (const text of ['', 'INFO loading weights', 'it waits 3 s: x']) expect(shownStatus(text)).toBe(text);
});

test('what a limiter says is among them', () => {
  setLanguage('zh');
  const limiter = new EndpointLimiter({ concurrency: 1 });
  const told: string[] = [];
  void limiter.acquire(0);
  void limiter.acquire(0, { onStatus: (text) => told.push(shownStatus(text)) });
  expect(told).toEqual(['排队等候：同时最多 1 个请求']);
});
