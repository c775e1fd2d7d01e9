/** The named places of the crash protocol where a test may kill us. */
export type CrashPoint =
  | 'after_tmp'
  | 'after_fsync'
  | 'after_rename'
  | 'before_commit'
  | 'mid_flip'
  | 'after_commit'
  | 'recipe_begun'
  | 'recipe_launched'
  | 'recipe_child_over'
  | 'recipe_made'
  | 'recipe_kept';

const passed = new Map<CrashPoint, number>();

/**
 * Kills this process the hardest way when `RAGTUI_CRASH_AT` names this place (`mid_flip`), or this place and how often
 * it must have been passed (`after_commit:3`); otherwise does nothing.
 */
export function crashPoint(name: CrashPoint): void {
  const wanted = process.env['RAGTUI_CRASH_AT'];
  if (!wanted) return;
  const times = (passed.get(name) ?? 0) + 1;
  passed.set(name, times);
  const [place, nth = '1'] = wanted.split(':');
  if (place === name && times === Number(nth)) process.kill(process.pid, 'SIGKILL');
}
