/**
 * What metrics are blind to, by name without what stands after "@". English stands in the metric itself
 * (`src/evaluation/metrics/*.ts`); a test says which one is missing here.
 */
export const metricTexts: Readonly<Record<string, string>> = {
  'token-f1': '词序和否定：“没有上升”与“上升”得分相近。',
  exact: '只差一个句号的回答与错误的回答得分相同。',
  verbatim: '照抄的文字是否回答了问题。',
  contains: '周围的一切：照抄整个文段得 1 分，把所有候选都列出来也得 1 分。',
  'rouge-l': '否定，以及只差一位的数字：那只是许多词中的一个。a–z 以外的字母会被丢掉。',
  'no-answer': '换一种说法或换一种语言的拒答，以及拒答是否正确。',
  'origin-tutorial': '空回答得 1 分，次序打乱的正确词语也得 1 分。',
  'origin-char': '空回答得 1 分；长文段几乎含有每个字，同一文字的任何回答都得 1 分。',
  hit: '同样能回答问题的其他文段算作未命中。',
  mrr: '第一次命中之后的一切，以及同样能回答但不是标准文段的文段。',
  ndcg: '同样能回答但不是标准文段的文段，以及答案在文段的哪一块里。',
  recall: '文段的哪一块含有答案，以及同样能回答的其他文段。结果少于 k 块时达不到 1。',
  'context-recall': '块较小时，正确的块也与整个文段不像；块越多分数越低。',
  'context-recall-binary': '需要多少块；小块即使正确也与整个文段不像。',
  'context-relevance': '没有“。”的英文文本：整块必须等于整个文段才算。',
  'cmrc-em': '正确但多一个词的回答；同一字符的全角和半角算作不同。',
  'cmrc-f1': '分在两处的正确内容：只算最长的连续一段，其余视为错误。',
  'squad-em': '正确但多一个词的回答；中文标点：只去掉 ASCII 标点。',
  'squad-f1': '词序；以及中文：两个空格之间的整句算作一个词。',
  chrf: '意思：不同的词里有相同的字母也得分，包含正确答案的长回答得分很高。',
  'copied-run': '照抄的文字是否回答了问题；两段照抄只算较长的一段。',
  'answer-hit': '文字所在的位置：短答案（如“2019”）出现在许多并不回答问题的块里。',
  'span-recall': '起于文段之前、止于文段之内的块，以及答案需要文段中的哪些字。',
  'first-token': '同时提问的数量，以及机器当时还在做什么：只应比较同一次评测中的列。',
  'tokens-per-second': '同时提问的数量：这是单个回答的速度，不是服务器的总吞吐量。',
  'prompt-tokens': '这些内容是否值得读；分词器不同的服务器计数也不同。',
  'answer-tokens': '回答是否说得更多：短回答便宜，但未必好。推理内容也计入。',
  price: '自己的机器，这里没有价格；以及失败但已付费的请求。',
  'field-f1': '对象列表中哪些值属于同一个对象、列表的次序，以及措辞：一个值按整体比较。',
  'field-precision': '漏掉的字段。',
  'field-recall': '在正确字段之外编造的字段。',
  'invented-fields': '标准答案也填写的字段里的错误值，以及没人问但属实的字段。',
  'json-parse': 'JSON 的内容：空对象与正确的对象一样能解析。',
  'schema-valid': '值是否正确；要求很少的 schema 很容易满足。',
  marker: '标记之间的内容，以及标记周围的内容。',
  mentions: '周围的一切：把所有候选都列出来得 1 分，否定正确答案也得 1 分。',
  faithfulness: '回答是否正确：从文段的错误位置照抄也算忠实。评判者会出错；请用自己的投票校准。',
  'answer-relevance':
    '回答是否属实，以及短回答：单个片段很难看出问题是什么。教程里它从 87.14 降到 55.16，而 exact 从 2.10 升到 39.72。',
  'judge-context-recall': '白白检索到的内容，以及检索结果的次序；只看第一个标准答案。',
  preference: '好多少：两种次序都被选中得 1，没有分别得 0.5，相反得 0；第一列按定义为 50。',
  cosine: '它的下限很高：另一个问题的答案也很接近；请与 shuffled-answer 一行比较。',
};

/** Notes on a run, by their id in `src/evaluation/note-texts.ts`. */
export const noteTexts: Readonly<Record<string, string>> = {
  'few-contexts': '只有 {contexts} 个文段：聚类这么少，区间过窄，不可依赖。',
  failures: '{column}：{items} 个中有 {errors} 个失败、{timeouts} 个超时，在每个回答指标中按 0 计。',
  'metric-failed': '{metric} 在 {column} 的 {count} 个回答上出错，这些回答不计入其数值；首次错误：{why}。',
  forgot: '遗忘：{items} 个通用问题中，{column} 比 {base} 少答对 {lost} 分 [{low}, {high}]。',
  'not-forgot': '遗忘：{column} 比 {base} 答对更多通用问题：没有显示出遗忘。',
  'forgot-unknown':
    '遗忘：无法判断 {column} 相对 {base} 是否有遗忘：{items} 个通用问题上 {lost} 分 [{low}, {high}]，有五分之四的把握发现 {finds} 分的损失。',
  'cut-short': '{column}：{items} 个回答中有 {cut} 个在最大长度处被截断。',
  'speed-of-then': '{column}：{items} 个回答中有 {reused} 个取自较早的评测，其速度是当时的。',
  'empty-origin': 'origin-tutorial 把 {column} 的 {empty} 个空回答算作满分；verbatim 不会。',
  'long-exact': '标准答案平均 {characters} 个字符：无论模型知道什么，exact 都接近 0。',
  spans: '标准答案中有 {share} % 是文段中的原文（不计空白）：其余的照抄也不可能完全一致。',
  'contains-long': '标准答案平均 {characters} 个字符：contains 要求全部连续出现，换一种说法就算没有。',
  'cosine-floor':
    '{metric}：另一个问题的答案就已得 {floor} %；这才是它的零点。从零点到 100，各列走了百分之多少：{columns}。',
  'relevance-english': 'context-relevance 只在“。”处断句：在这种文本上，块等于整个文段才算。',
  'gold-rule': '检索：块来自该问题自己的文档（键等于文段的 id），或其文字出现在标准文段中（不计空白），即算找到。',
  'judge-missing':
    '{metric}：{column} 的 {answers} 个评判中缺 {missing} 个（{unparseable} 个回复读不懂，{failed} 个没有回复）：不计入，不按 0 计。',
  'judge-open': '{metric}：{column} 还有 {open} 个回答没有评判。',
  'judge-place':
    '{metric}：{column} 的 {asked} 对中有 {placed} 对，评判者选的是位置而不是回答（{first} 次选前面，{second} 次选后面）：算平局。',
  'judge-related': '评判者 {judge} 自己回答了 {columns}，或由同一权重的模型回答：评判者偏爱自己的回答。',
  'judge-short':
    '{metric}：标准答案平均 {characters} 个字符；从这么短的回答推不出问题，正确回答得分也低（教程里它从 87.14 降到 55.16，而 exact 从 2.10 升到 39.72 %）。',
  'judge-own':
    '评判者 {judge}（模型 {model}），我们的提示词（en {en}，zh {zh}），按每个问题的语言：不可与其他评判者或已发表的数字相比。',
  'trained-prompt':
    '所有 LLM 都用微调时的提示词（sft）提问。基座换一个提示词可能答得更好：加一列基座 prompt=default，就能看出差异里有多少来自提示词。',
  'judge-before':
    '{judge} 将评判自己（或其基座、微调模型）的回答（列：{columns}）：评判者偏爱自己的回答。换一个模型评判更好。',
  'votes-of': '{judge}：{column} 对比 {base}，{votes} 票（本次评测 {run} 票，对比屏 {compare} 票）',
  'votes-none': '您投过票的对，{judge} 一个都没有评判。',
  'votes-agree':
    '{judge} 与您在 {n} 对中有 {share} % 一致 [{low} %, {high} %]，超出偶然的 κ {kappa} [{kappaLow}, {kappaHigh}]。',
  'votes-share':
    '{judge} 与您在 {n} 对中有 {share} % 一致 [{low} %, {high} %]；κ 无法计算：有一方对所有对的判断都相同。',
  'votes-few': '票太少，说明不了什么：至少投 {few} 票。',
  'votes-chance': '可能只是偶然：先不要依赖这个评判者。',
  'votes-missing': '有 {missing} 票没有读得懂的评判。',
  'one-draw': '区间只反映问题的抽取：一次训练、一个种子各只是一次抽样。',
};

/** Ways to part the questions of a run, and their parts, by their names in `src/evaluation/strata.ts`. */
export const strataTexts: Readonly<Record<string, string>> = {
  'answer length': '答案长度',
  'up to 20 characters': '不超过 20 个字符',
  '21 to 80': '21 至 80',
  'over 80': '超过 80',
  'answer type': '答案类型',
  topic: '主题',
  facts: '常识',
  arithmetic: '算术',
  format: '按格式回答',
  'yes or no': '是或否',
  'with a number': '含数字',
  'without a number': '不含数字',
  'gold passage': '标准文段',
  retrieved: '检索到',
  'not retrieved': '未检索到',
  'training rows': '训练数据',
  'seen in training': '训练时见过',
  clean: '未见过',
};
