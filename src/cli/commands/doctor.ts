import type { Command } from 'commander';
import { z } from 'zod';
import type { Result } from '../../doctor/examine.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../output.ts';

/** `ragtui doctor`: what this machine, the workspace and the terminal are like, and how to get what is missing. */
export function addDoctor(program: Command, invocation: Invocation): void {
  const command = program
    .command('doctor')
    .description('check this machine, the workspace and the terminal, and say how to get what is missing');
  handle(command, invocation, { args: z.tuple([]), options: z.object({}) }, doctor);
}

async function doctor(context: CommandContext): Promise<number> {
  const { examine } = await import('../../doctor/examine.ts');
  const { realProbe } = await import('../../doctor/probe.ts');
  const checks = await examine(realProbe(context.paths, context.env));
  const ok = checks.every(({ state }) => state !== 'fail');
  context.out.result({ ok, checks }, () => report(checks));
  return ok ? EXIT.done : EXIT.failed;
}

/** The table, and below it what to do, the failures first. */
function report(checks: readonly Result[]): string[] {
  const rows = checks.map(({ name, state, detail }, index) => {
    const again = checks[index - 1]?.name === name;
    return [again ? '' : name, state === 'fail' ? 'FAIL' : state === 'skip' ? '-' : state, detail];
  });
  const todo = checks.filter(({ get }) => get !== undefined);
  const first = [...todo.filter(({ state }) => state === 'fail'), ...todo.filter(({ state }) => state !== 'fail')];
  const advice = first.map(({ name, get = '' }, index) => `${index + 1}. ${name}: ${get}`);
  return [...table(['CHECK', 'STATE', 'DETAIL'], rows), ...(advice.length > 0 ? ['', 'What to do:', ...advice] : [])];
}
