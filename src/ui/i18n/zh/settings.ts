import type { settings as english } from '../en/settings.ts';
import type { ActionTexts, Texts } from '../types.ts';

export const settings: Texts<typeof english> = {
  'settings.title': '设置',
  'settings.keys': '按键',
  'settings.keysNote': '在设置文件的 [keys] 中更改',
  'settings.overridden': '自定义',
  'settings.row.theme': '主题',
  'settings.row.language': '界面语言',
  'settings.row.mouse': '鼠标',
  'settings.row.notify': '任务结束时',
  'settings.row.mode': '启动时的检索方式',
  'settings.row.topK': '启动时的片段数',
  'settings.row.prompt': '启动时的提示词',
  'settings.row.home': '工作区',
  'settings.row.models': '模型',
  'settings.row.config': '设置文件',
  'settings.why.fixed': '它由环境变量或命令行决定',
};

/** Of the actions whose ids start with `settings.`. */
export const settingsActions: ActionTexts = {
  'settings.change': ['更改', '更改光标所在的设置，立即写入设置文件。'],
};
