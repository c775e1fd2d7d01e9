/** The named places of the crash protocol where a test may kill us. */
export type CrashPoint = 'after_tmp' | 'after_fsync' | 'after_rename' | 'before_commit' | 'mid_flip' | 'after_commit';

let passed = 0;

/**
 * Kills this process the hardest way when `RAGTUI_CRASH_AT` names this place (`mid_flip`), or names it with the time
 * it is passed (`before_commit#6`); otherwise does nothing.
 */
export function crashPoint(name: CrashPoint): void {
  const wanted = process.env['RAGTUI_CRASH_AT'];
  if (!wanted) return;
  const [place, time = '1'] = wanted.split('#');
  if (place !== name) return;
  passed += 1;
  if (passed >= Number(time)) process.kill(process.pid, 'SIGKILL');
}
