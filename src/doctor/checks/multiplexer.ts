import type { Check, Finding, Probe } from '../types.ts';

/** tmux or GNU screen around us, and the settings that matter in there. */
export const multiplexer: Check = {
  id: 'multiplexer',
  name: 'tmux, screen',
  run: async (probe) => {
    if (probe.env['TMUX']) return tmux(probe);
    if (probe.env['STY']) {
      const detail = 'GNU screen: the mouse starts off (with it Esc would wait), emoji show as ▯; F8 takes the mouse';
      return { state: 'ok', detail };
    }
    if (!probe.env['SSH_CONNECTION']) return { state: 'ok', detail: 'neither' };
    const found = probe.find('tmux') ?? probe.find('screen');
    const detail = 'over SSH without tmux: when the line drops the screen ends; jobs go on';
    return found ? { state: 'ok', detail: `${detail} (tmux new -A -s rag ragtui keeps it)` } : { state: 'ok', detail };
  },
};

async function tmux(probe: Probe): Promise<Finding[]> {
  const option = async (flags: string, name: string): Promise<string | undefined> => {
    const answer = await probe.run('tmux', ['show-options', flags, name]);
    return answer?.code === 0 ? answer.stdout.trim() : undefined;
  };
  const wait = await option('-sv', 'escape-time');
  const clipboard = await option('-sv', 'set-clipboard');
  if (wait === undefined) return [{ state: 'skip', detail: 'tmux does not answer' }];
  const slow = Number(wait) > 100;
  return [
    {
      state: slow ? 'warn' : 'ok',
      detail: `escape-time ${wait}${slow ? ': Esc comes that many milliseconds late' : ''}`,
      ...(slow ? { get: 'set -s escape-time 10 in ~/.tmux.conf' } : {}),
    },
    {
      state: clipboard === 'off' ? 'warn' : 'ok',
      detail: `set-clipboard ${clipboard ?? 'not told'}${clipboard === 'off' ? ': what you copy stays on this machine' : ''}`,
      ...(clipboard === 'off' ? { get: 'set -s set-clipboard on in ~/.tmux.conf' } : {}),
    },
  ];
}
