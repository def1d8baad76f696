### 页面、通知和模型卡的全部文字（中文）。
### 格式为 Fluent：https://projectfluent.org。花括号中为填入的内容；数字、日期与复数遵循各语言自身的规则。各语言的条目相同。

## 名称

language = 中文
navigation = 页面
page-overview = 总览
page-drift = 漂移
page-model = 模型
page-alerts = 预警
title-overview = 欺诈检测总览
title-drift = 训练以来有哪些变化？
title-model = 模型表现如何？
title-alerts = 预警队列
title-quality = 数据质量
title-model_card = 模型卡：{ $model }
lead-overview = 模型是否健康、挽回了多少损失、发生了哪些变化、采取了哪些措施？
lead-drift = 模型各项特征在训练时与当前的情况；完整的统计报告见页末。
lead-model = 在银行每日可核查的卡数下，现用模型与挑战者模型的对比。
lead-alerts = 待核查的卡、预警理由，以及此前预警的处理结果。
lead-quality = 收到多少行数据，哪些被隔离，原因与日期。

state-fine = ✓ 正常
state-attention = ▲ 需要关注
state-unknown = ? 暂不明确

sign_in = 登录
    .where = 启动页面时打印的地址中包含令牌。
    .token = 令牌
    .button = 登录
    .wrong = 令牌不正确。
page-late = 本页在 { $seconds } 秒内未能生成。请重新加载；原因见服务器日志。
source = 来源：{ $files }
evidence = 运行、数据版本与已执行的 notebook（{ $stage }）
broken = ▲ 记录不可信
    .why = 各项决策保存在一份改动必留痕迹的记录中。该记录已被改动、截断，或由不受信任的密钥签名，因此本页不显示任何以它为依据的内容。
    .todo = 处理办法：通知模型运行人员执行 `make audit`，该命令会指出是哪一条记录。
missing = ? 暂无数据
    .made = { $path } 尚不存在、无法读取或格式版本不符。处理办法：运行 `dvc repro`，由 { $stage } 阶段生成。
    .loop = 运行 `make operate` 或 `make day` 后才会生成 { $path }。
days = { $first }至{ $last }
sentence = { $text }。
    .why = { $text }：{ $why }。
range = { $value }（{ $low }至{ $high }）

channel-atm = ATM
channel-pos = POS
channel-web = 网上银行
channel-all = 全部渠道
feed-atm = ATM
feed-web = 网上银行
feed-pos = POS
feed-file = 自有文件
feed-reports = 欺诈报告
feed-findings = 分析员核查结果

model-xgboost = XGBoost
model-lightgbm = LightGBM
model-flaml = FLAML
model-random_forest = 随机森林
model-decision_tree = 决策树
model-logistic_regression = 逻辑回归
model-neural_network = 神经网络
model-sequence_network = 循环神经网络
model-keras_network = Keras 神经网络

## 数据时效与监控状态

age =
    .none = 数据截至 { $moment }（UTC）。此前没有任何交易。
    .hour = 数据截至 { $moment }（UTC）。最新一笔交易距此不到 1 小时。
    .hours = 数据截至 { $moment }（UTC）。最新一笔交易早于此时 { $hours } 小时。
    .live = 该时刻距今 { $hours } 小时。
stopped = ■ 监控已停止
    .missing = 模型未受监控：{ $path } 不存在、无法读取或格式版本不符。
    .behind = 最近一次监控结论截至{ $watched }，而流水线已运行到{ $now }。此后的情况未受监控。
    .silent = 最新一笔交易早于数据截止时间 { $days } 天：没有新数据可供监控。
    .late = 最近一次监控结论截至{ $watched }，已是 { $days } 天前。此后的情况未受监控。
    .do = 处理办法：运行 `dvc repro`，并查明未运行的原因。
    .feeds = 处理办法：查明数据源未送达数据的原因。

## 监控结论

health-fine = ✓ 一切正常
health-attention = ▲ 需要关注
health-unknown = ? 部分情况尚不明确
advice-fine = 无需采取措施。
advice-proposed = 现用模型运行正常。另有新模型等待审批，见下文。
advice-attention = 评分与预警的可靠性可能下降。请将本页转交模型负责人，由其决定是否重新训练。
advice-unknown = 待收到更多交易和欺诈报告后再查看。
unknown-questions = 尚不明确：{ $questions }
compared = 比较范围：{ $before_from }至{ $before_to }的 { $before } 笔交易（模型训练数据），与{ $after_from }至{ $after_to }的 { $after } 笔交易。
questions = 关于现用模型的五个问题
question = 问题
    .answer = 结论
    .because = 依据
question-input = 交易是否发生变化？
question-scores = 模型评分是否发生变化？
question-estimate = 标签未到期间，模型当前的估计表现如何？
question-performance = 标签到齐后，模型的实际表现如何？
question-quality = 数据是否可靠？

few = 模型建成以来的交易太少，无法判断。
few-frauds = 欺诈 { $count } 笔，数量过少，无法判断
few-compromised = 被盗用卡 { $count } 张，数量过少，无法判断
few-alerts = 预警 { $count } 个，数量过少，无法判断
input-unchanged = 交易与模型训练时一致。
input-changed = 交易发生变化。{ $feature }：训练时平均为 { $before }，当前为 { $after }。
    .since = 自{ $day }起交易发生变化。{ $feature }：训练时平均为 { $before }，当前为 { $after }。
    .more = 模型的 { $features } 项特征中，另有 { $count } 项发生漂移。
scores-unchanged = 评分分布与训练时一致。
scores-changed = 评分发生变化：训练时平均为 { $before }，当前为 { $after }。
estimate-no_frauds = 标签未到的交易中，预计欺诈数量太少。
estimate-no_baseline = 在尚未报告的欺诈中，模型预计可检出 { $share }。验证窗口的基准未知。
estimate-few_baseline = 在尚未报告的欺诈中，模型预计可检出 { $share }。验证窗口{ few-frauds }。
estimate-held = 在尚未报告的欺诈中，模型预计可检出 { $share }；验证窗口的基准为 { $baseline }。
estimate-decayed = { estimate-held }
estimate-blind = 新型欺诈的首批标签到达之前，估计值无法反映该类欺诈。
performance-no_frauds = 模型建成以来的交易中，尚无欺诈报告。
performance-few_frauds = 在近期报告的 { $frauds } 笔欺诈中，模型检出 { $found } 笔：数量过少，无法判断。
performance-no_baseline = 在近期报告的欺诈中，模型检出 { $share }。验证窗口的基准未知。
performance-few_baseline = 在近期报告的欺诈中，模型检出 { $share }。验证窗口{ few-frauds }。
performance-held = 在近期报告的欺诈中，模型检出 { $share }；验证窗口的基准为 { $baseline }。
performance-decayed = { performance-held }
performance-missed = 最近 { $days } 天漏检 { $lately } 起欺诈事件（{ $channel }）；基准为 { $baseline } 起。
quality-no_payments = 没有任何交易。
quality-newest = 距最近一笔交易的小时数：{ $channels }。
quality-channel = { $channel }（{ $hours }）
quality-recent = { $channel }（不足 1）
quality-quarantined = 最近 { $days } 天的数据行中有 { $lately } 被隔离；此前为 { $before }。

## 特征：值为特征名称，.reason 为该值对一笔交易的含义

window-1h = 最近 1 小时
window-1d = 最近 1 天
window-7d = 最近 7 天
window-30d = 最近 30 天
weekday-0 = 星期一
weekday-1 = 星期二
weekday-2 = 星期三
weekday-3 = 星期四
weekday-4 = 星期五
weekday-5 = 星期六
weekday-6 = 星期日
duration-minute = 不到 1 分钟
duration-minutes = { $number } 分钟
duration-hours = { $number } 小时
duration-days = { $number } 天
duration-capped = { $number } 天或更久

feature-amount = 交易金额
    .reason = 交易金额为 { $value }
feature-hour_of_day = 交易时刻（小时）
    .reason = 交易发生在银行当地时间 { $hour }:00 至 { $next }:00 之间
feature-day_of_week = 星期几（星期一为 0）
    .reason = 交易发生在{ $weekday }
feature-is_night = 发生在 0 点至 7 点之间
    .reason = { $yes ->
        [yes] 发生在 0 点至 7 点之间
       *[no] 不在 0 点至 7 点之间
    }
feature-is_weekend = 发生在周末
    .reason = { $yes ->
        [yes] 发生在周末
       *[no] 不在周末
    }
feature-is_web = 网上银行交易
    .reason = { $yes ->
        [yes] 通过网上银行进行
       *[no] 未通过网上银行进行
    }
feature-is_atm = ATM 交易
    .reason = { $yes ->
        [yes] 在 ATM 上进行
       *[no] 未在 ATM 上进行
    }
feature-card_transactions = 该卡{ $window }的交易笔数
    .reason = 该卡{ $window }有 { $value } 笔交易
feature-card_mean_amount = 该卡{ $window }的平均交易金额
    .reason = 该卡{ $window }的平均交易金额为 { $value }
feature-amount_to_mean = 金额与该卡{ $window }平均交易金额之比
    .reason = 金额为该卡{ $window }平均交易金额的 { $value } 倍
feature-amount_deviation = 金额高于该卡{ $window }平均交易金额的标准差数
    .reason = 金额{ $side ->
        [below] 低于
       *[above] 高于
    }该卡{ $window }平均交易金额 { $value } 个标准差
feature-largest_to_mean = 该卡{ $window }内此前最大一笔金额与其 30 天平均交易金额之比
    .reason = 该卡{ $window }内此前最大一笔金额为其最近 30 天平均交易金额的 { $value } 倍
feature-hours_since_last = 距该卡上一笔交易的小时数（最多 720）
    .reason = 距该卡上一笔交易 { $duration }
feature-channel_share = 该卡{ $window }的交易中经同一渠道的占比
    .reason = { $extreme ->
        [none] 该卡{ $window }的交易均未经同一渠道
        [all] 该卡{ $window }的交易全部经同一渠道
       *[some] 该卡{ $window }的交易中有 { $value } 经同一渠道
    }
feature-category_share = 该卡{ $window }的交易中属同一商户类别的比例
    .reason = { $extreme ->
        [none] 该卡{ $window }的交易均不属同一商户类别
        [all] 该卡{ $window }的交易全部属同一商户类别
       *[some] 该卡{ $window }的交易中有 { $value } 属同一商户类别
    }
feature-amount_to_category_mean = 金额与该商户类别{ $window }平均金额之比
    .reason = 为该商户类别{ $window }平均金额的 { $value } 倍
feature-distance_from_last_m = 与该卡上一笔交易地点的距离
    .reason = 距该卡上一笔交易地点 { $distance }
feature-speed_from_last_kmh = 从该卡上一笔交易地点到此所需的速度（km/h）
    .reason = 从该卡上一笔交易地点到此需 { $value } km/h
feature-distance_from_usual_m = 与该卡{ $window }交易中心的距离
    .reason = 距该卡{ $window }交易中心 { $distance }
feature-distance_from_home_m = 与持卡人住址的距离
    .reason = 距持卡人住址 { $distance }
feature-terminal_transactions = 该终端标签延迟期之前{ $window }的交易笔数
    .reason = 该终端在标签延迟期之前{ $window }有 { $value } 笔交易
feature-terminal_risk = 该终端{ $window }所报欺诈与交易笔数之比
    .reason = 该终端{ $window }所报欺诈 { $reports } 起，对应 { $of } 笔交易
feature-terminal_fraud_age = 距该终端{ $window }所报欺诈的平均天数（最多 90）
    .reason = 距该终端{ $window }所报欺诈平均 { $value } 天
feature-terminal_fraud_to_mean = 该终端{ $window }所报欺诈的金额与相应卡平均交易金额之比（最多 10）
    .reason = 该终端{ $window }所报欺诈的金额为相应卡平均交易金额的 { $value } 倍
feature-given = { $name }（由数据源提供）
feature-fraud_probability = 模型评分
feature-payments_before = 该卡此前的交易
    .reason = 该卡在此之前的交易
reason-other = { $feature }：{ $value }

## 隔离原因

subject-amount = 金额
subject-card = 卡
subject-category = 商户类别
subject-channel = 渠道
subject-currency = 币种
subject-given = 供模型使用的数值
subject-home = 持卡人住址
subject-is_fraud = 标签
subject-local_time = 当地时间
subject-place = 地点
subject-report = 报告
subject-reported_at = 报告时间
subject-terminal = 终端
subject-time = 时间
subject-transaction_id = 交易编号
problem-missing = 缺少{ $subject }
problem-unreadable = { $subject }无法读取
problem-too_small = { $subject }过小
problem-too_large = { $subject }过大
problem-too_long = { $subject }过长
problem-zero = { $subject }为零
problem-unknown = { $subject }未知
problem-refund = 是退款
problem-of_refund = 所报告的是退款
problem-contradictory = { $subject }与金额旁的标记不符
problem-duplicate = { $subject }重复
problem-card_number = { $subject }中含有卡号
problem-unprotected = { $subject }含真实卡号，而未设密钥
problem-not_text = { $subject }中含有非文本字符
problem-not_on_clocks = 当地时钟上不存在该时间
problem-ambiguous = 当地时间出现两次，先后不明
problem-date_order = { $subject }中日与月的先后不明
problem-number = { $subject }是含义不明的数字
problem-zone_unknown = { $subject }的时区未知
problem-out_of_range = { $subject }不在 1970 年至 2199 年之间
problem-before_payment = 报告时间不晚于其所报告的交易
problem-in_future = 报告时间晚于其文件日期
note-date_only = { $subject }只有日期，没有时刻
note-repeated_hour = { $subject }处于秋季重复的一小时，按第二次计
problem-unknown_transaction = 所报告的交易未知
problem-not_utf8 = 不是 UTF-8 编码
problem-field_count = 字段数与表头不符
problem-quotation_mark = 含有该数据源不使用的引号
problem-not_json = 不是该数据源应送的 JSON 对象
problem-empty = 文件为空
problem-not_parquet = 不是完整的 Parquet 文件
problem-column_type = 文件中有一列不是单值列
problem-time_type = 文件的时间列不是时间戳
problem-suffix = 文件后缀与该数据源不符
problem-unknown_feed = 数据源未知
problem-unopened = 文件无法打开
problem-columns_missing = 文件缺少列
kind-missing = 缺失
kind-outlier = 异常值
kind-duplicate = 重复
kind-card_number = 卡号
kind-unknown_transaction = 未知交易
kind-refund = 退款
kind-format = 格式
amount-smallest = 最小值
amount-median = 中位数
amount-percentile_99 = 第 99 百分位数
amount-largest = 最大值

## 决策

standing-promoted = ✓ 模型已启用
    .short = { $model }已启用
standing-proposed = ● 模型等待审批
    .short = { $model }已提请审批
standing-champion = ✓ 该模型即现用模型
    .short = { $model }即现用模型
standing-no_better = ● 继续使用现用模型
    .short = { $model }未取代现用模型
standing-kept = ▲ 模型不得使用
    .short = { $model }不得使用
gate-promoted = 准入评审通过并启用：
gate-proposed = 准入评审通过，尚待人工审批：
    .few = 准入评审无法判断，须由人工决定：
gate-champion = 该模型正在使用，未发现更优模型：
gate-no_better = 准入评审未同意以该模型取代现用模型：
gate-kept = 准入评审未通过：
check-floor = { $passed ->
        [yes] 测试窗口的{ $figure }为 { $value }，不低于下限 { $limit }
       *[no] 测试窗口的{ $figure }为 { $value }，低于下限 { $limit }
    }
check-ceiling = { $passed ->
        [yes] 测试窗口的{ $figure }为 { $value }，不高于上限 { $limit }
       *[no] 测试窗口的{ $figure }为 { $value }，高于上限 { $limit }
    }
check-few = 测试窗口欺诈太少，{ $figure }未知
    .counted = 测试窗口的{ $figure }不作评判（{ $few }）
check-too_few_frauds = 测试窗口有 { $frauds } 笔欺诈，不足以评判模型：至少需要 { $least } 笔
gain-interval = { $confidence } 置信区间：{ $low } 至 { $high }
    .none = 各次重抽样结果相同
check-gain = 在相同的交易上，{ $figure }与现用模型相差 { $difference }（{ $interval }）；提升超过 { $least } 的把握为 { $probability }，{ $passed ->
        [yes] 达到
       *[no] 未达到
    }要求的 { $confidence }
    .few = 无法判断{ $figure }是否优于现用模型（{ $few }）
check-no_champion = 尚无现用模型
check-same_as_champion = 即现用模型，文件完全一致
check-champion_learned = 现用模型的训练数据包含评判所用 { $days } 天中的 { $learned } 天，结果对其有利
figure-in = { $figure }（{ $group }）
group-budget = 按预警上限
group-cost = 按成本

decision-begin = 开始
decision-watch = 监控
decision-wait = 尚无在用模型
decision-rules = 规则变更
decision-retrain = 重新训练
decision-promote = 启用
decision-propose = 提请审批
decision-keep = 维持不变
decision-tell = 已通知
decision-approved = 已批准
decision-promoted = 已启用
decision-rolled-back = 已回退
rule-beginning = 首个模型
    .because = 此前没有模型
rule-drift = 漂移
    .because = 交易或评分自{ $since }起发生变化，已连续 { $days } 天
rule-decay = 性能衰减
    .because = 模型自{ $since }起检出的欺诈少于应有水平，已连续 { $days } 天
rule-rules = params.yaml
    .because = 自当日起采用新规则：{ $sections }
rule-age = 模型时效
    .because = 距上次训练已 { $days } 天
news-promote = 重新训练的模型已启用：{ $checks }
news-keep = 维持现用模型：{ $checks }
news-propose = 重新训练的模型等待审批：{ $checks }
news-refuse = 尚无在用模型：{ $checks }
news-first = 首个模型已训练完成。
message-title = 欺诈检测，{ $day }：{ $health }
message-open = 打开页面
message-record = 记录的最后一条是 { $head }；执行 `make audit HEAD={ $head }` 可核对它是否仍在。
journal = 最近的决策
    .none = 尚未作出任何决策。
    .day = 日期
    .decision = 决策
    .rule = 规则或决策人

## 总览

detected-since = ● 训练以来检出 { $share } 的被盗用卡
    .detail = 这是银行每日核查可检出的比例；在测试窗口为 { $share }。
    .untested = 这是银行每日核查可检出的比例。测试窗口{ $few }。
    .judged = 依据{ $first }至{ $last }的 { $transactions } 笔交易评判，其中欺诈 { $frauds } 笔；更晚的交易标签未到。
    .interval = 该比率的 95% 区间为 { $low } 至 { $high }。
    .few = ? 训练以来 { $compromised } 张被盗用卡中检出 { $found } 张：数量过少，无法判断
detected-test = ● 测试窗口检出 { $share } 的被盗用卡
    .detail = 这是银行每日核查可检出的比例。训练以来尚无数据：标签未到。
    .few = ? 测试窗口 { $compromised } 张被盗用卡中检出 { $found } 张：数量过少，无法判断
expected = 标签未到的交易中，预计约有 { $frauds } 笔欺诈，金额 { $worth }；模型预计可检出其中的 { $share }。
saved = ● 每日净挽回损失：{ $money }
    .few = ? 净挽回损失：不作评判（{ $few }）
    .detail = 测试窗口内每日核查 { $budget } 张卡：避免的欺诈损失，减去每次误报的 { $cost }。
    .none = 天数太少：尚无模型运行足够长时间，无法按挽回的损失评判。
    .title = 价值几何？
    .months = 逐月的每日净挽回损失
    .month = 月份
    .picture = 金额检出率与累计净挽回损失：从不重新训练的模型与按规则重新训练的模型
way-never_retrained = 从不重新训练
way-every_month = 每月重新训练
way-the_loop = 按规则重新训练
changed-title = 有哪些变化？
    .more = 详见“漂移”页
arrived-title = 收到了哪些数据？
arrived = 共收到 { $received } 行：采用 { $used } 行，隔离 { $quarantined } 行并注明原因。没有任何数据被悄然丢弃。
    .refunds = 隔离的行中有 { $refunds } 行是退款或对退款的报告：既不是交易，也不是错误，不计入异常行的比例。
    .table = 被隔离的行
    .feed = 数据源
    .reason = 原因
    .rows = 行数
    .more = 详见“数据质量”页
done-title = 采取了哪些措施，依据哪条规则？
origins-title = 每个数字从何而来？
origins = 这些页面所依据的记录
    .what = 内容
    .file = 文件
    .stage = 阶段
    .evidence = 证据
record-clean = 收到多少行数据及其去向
record-evaluate = 各候选模型的指标与胜者
record-register = 准入评审的决定与各项检查
record-monitor = 现用模型、发生漂移的特征与训练以来的指标
record-alerts = 预警队列与此前预警的结果

## 漂移

drift-none = 未进行比较：训练以来的数据不足。
drift-count = 模型的 { $features } 项特征中，有 { $moved } 项发生漂移；不计由欺诈报告得出的特征，达到 { $needed } 项才判定为漂移。
drift-zero = 模型的 { $features } 项特征均未漂移。
drift-score = 模型评分也发生漂移。
drift-onset = 始于{ $day }。
drift-sample = 距离由两个时段各至多 { $few } 笔交易算得，这些交易在时间上均匀分布。
drift-far = 距离表示数值变动的幅度，以训练时段的标准差计（Wasserstein 距离）；对是非型特征，表示两个占比相差多少（Jensen-Shannon 距离）。竖线为阈值：训练期间自身即有变动的特征，阈值更高。
drift-feature = 特征
    .distance = 距离
    .before = 训练时平均
    .after = 此后平均
drift-moved = ▲ 已漂移
drift-quiet = 低于阈值
drift-fold = { $count } 项特征低于阈值
    .score = { $count } 项特征与模型评分低于阈值
report-title = 完整的漂移报告
    .text = 由 Evidently 生成，为英文：训练时（“reference”）与此后（“current”）的全部分布。报告较大，最后加载。
    .open = 单独打开
    .frame = Evidently 的完整漂移报告
    .none = 没有完整报告：训练以来的数据太少，未生成。

## 指标：值为指标名称，.meaning 为其含义

figure-recall_at_budget = 卡检出率
    .meaning = 某日被用于欺诈的卡中，当日核查在当日发现的比例。
figure-precision_at_budget = 预警准确率
    .meaning = 预警中当日该卡确有欺诈的比例，即每 { $one_in } 个预警中有 1 个。每日核查数量固定而欺诈很少，因此即使完美的模型也远低于 100%。
figure-average_precision = 平均精度（PR-AUC）
    .meaning = 精确率与召回率曲线下的面积。1 为完美；随机排序等于欺诈率。
figure-roc_auc = ROC AUC
    .meaning = 欺诈交易评分高于正常交易的概率。1 表示总是如此，0.5 表示随机。
figure-card_precision_100 = 100 张卡的精确率
    .meaning = 每日风险最高的 100 张卡中被盗用的比例，已发现的卡除外。这是公开发表的指标，便于与其他研究比较。
figure-fraud_share = 欺诈率
    .meaning = 交易中欺诈的占比。各列不同，上述指标也随之变化。
figure-alerts_per_day = 每日预警数
figure-precision = 预警准确率
figure-recall = 欺诈检出率
figure-recall_by_amount = 金额检出率
figure-false_alarms_per_1000_customers = 每千名客户每日误报数
figure-money_saved_per_day = 每日净挽回损失
figure-share_found = 欺诈检出率
figure-share_found_by_amount = 金额检出率
figure-frauds = 欺诈笔数
figure-fraud_amount = 欺诈金额

figures-title = 测试窗口与训练以来
    .lead = 测试窗口未参与模型选择；另一列为训练以来标签已到的交易。括号内为比率的 95% 区间。
    .table = 模型指标
    .figure = 指标
    .test = 测试窗口
    .since = 训练以来
    .meaning = 含义
rivals-title = 现用模型与挑战者
    .table = 测试窗口，每日核查 { $budget } 张卡
    .challenger = 挑战者：{ $model }
    .champion = 现用模型：{ $model }
    .newest = 最新模型：{ $model }
    .none = 尚无现用模型，仅有最新模型。
    .same = 最新模型即现用模型。
    .gain = 其平均精度与现用模型相差 { $difference }（{ $interval }）。提升须超过 { $least }，其把握为 { $probability }；要求为 { $confidence }。
    .few = 无法判断其是否优于现用模型（{ $few }）。
channels-title = 分渠道
    .table = 最新模型在测试窗口的分渠道表现
    .channel = 渠道
calibration-title = 概率是否经过校准？
    .error = 评分为 30% 的十笔交易中，应有三笔为欺诈。测试窗口内，其概率与实际结果平均相差 { $error } 个百分点（{ $low } 至 { $high }）。
    .few = 依据测试窗口无法判断（{ $few }）。
    .line = 原始评分按验证窗口拟合的对数几率直线校准：斜率 { $slope }，截距 { $intercept }。
estimates-title = 标签未到期间
    .table = 估计值及其验证
    .note = 括号内为 95% 区间；▲ 表示实际值在区间之外。
    .figure = 指标
    .out = 标签未到：估计值
    .in = 标签已到：估计值
    .true = 标签已到：实际值
    .few = 欺诈太少
candidates-title = 考虑过哪些模型？
    .table = 候选模型
    .detail = 选用{ $winner }：其在验证窗口的平均精度最高。测试窗口未参与选择，因此其指标没有偏向。
    .candidate = 候选模型
    .chosen = ✓ 已选用
    .validation = 平均精度（PR-AUC），验证窗口
    .test = 平均精度（PR-AUC），测试窗口
    .found = 卡检出率，测试窗口
curve-detail = 图中每条线为一个候选模型在测试窗口的表现。越靠右，检出的欺诈越多；越靠上，预警越准确。
    .shows = 测试窗口的精确率与召回率，每条线为一个候选模型
facts-title = 这是哪个模型？
    .table = 这些页面所依据的模型
    .champion = 现用模型
    .newest = 最新模型：尚无现用模型
    .standing = 状态
    .kind = 模型类型
    .trained = 训练数据的交易日期
    .as_of = 训练时已知信息的截止日
    .features = 特征数
    .model = 模型哈希值
    .data = 数据哈希值
    .card = 模型卡

## 预警

alerts-title = ● { $day }待核查的卡：{ $count } 张
    .empty = 没有待核查的卡。
    .detail = 每日至多 { $budget } 张，按风险从高到低排列。卡号以缩短的假名显示。
    .download = 下载列表（CSV）
    .list = 队列
    .rank = 排名
    .card = 卡
    .time = 时间（UTC）
    .channel = 渠道
    .amount = 金额
    .probability = 欺诈概率
    .outcome = 结果
    .reasons = 理由
became-title = 此前预警的结果
    .note = 已结案是指已报告或查明为欺诈、查明为正常，或 { $days } 天内未收到报告；其余为待定。预警准确率按全部预警均已结案的日期计算，括号内为其 95% 区间。
    .all = 模型建成以来的全部预警
    .weeks = 逐周
    .week = 起始日
    .closed = 已结案
    .pending = 待定
outcome-fraud = ▲ 欺诈
outcome-genuine = ✓ 正常
outcome-pending = ? 待定
repeated-title = 重复误报
    .table = 多次被误报的客户
    .times = 最近 { $days } 天的误报次数
    .fold = 另有 { $count } 位
    .none = 最近 { $days } 天没有客户被多次误报。

## 数据质量

quality-kinds = 被隔离的行，按数据源与类型
quality-reasons = 被隔离的行，按数据源与原因
quality-replaced =
    .transaction_id = 有 { $rows } 行的交易编号含有卡号，已用假名代替，此处无法再按原编号查找该交易。
    .terminal = 有 { $rows } 行的终端编号含有卡号，已用假名代替。
quality-lacks =
    .card = 数据源没有卡：每笔交易按一张单独的卡计，凡是关于卡的说法，实际都是关于交易。
    .terminal = 数据源没有终端：没有由终端得出的特征，欺诈也不按终端归并。
quality-notes = 时间不精确但仍使用的行，按数据源
    .note = 说明
quality-amounts = 所采用的金额
quality-days = 每日被隔离的行
    .day = 日期
    .earlier = 更早
    .none = 没有数据行被隔离。
    .cell = { $rows } 行中 { $bad } 行

## 模型卡

card-purpose = 用途
    .text = 对每笔卡交易（ATM、网上银行或 POS）给出其为欺诈的概率。预警交由银行分析员处理并作出决定。
card-owner = 负责人
card-limits = 局限
    .reports = 模型以已报告的欺诈训练。无人报告的欺诈被视为正常；新型欺诈在有报告之前不为模型所知。
    .people = 模型不评判个人：不得用于授信、定价或销户，未经人工判断不得最终拒绝任何交易。
    .new = 没有历史的卡或终端在模型看来与一般情况无异。
    .world = 仅当交易与训练时段相似时，其概率才成立；监控会指出何时不再成立。
card-data = 训练数据
    .text = { $first }至{ $last }（UTC）的交易，以及截至{ $as_of }已知的欺诈；欺诈通常在 { $delay } 天内报告。数据哈希值：{ $hash }。
    .sampled = 正常交易中随机抽取 { $share } 用于训练，概率已据此校正。
card-kind = 模型说明
    .text = { $model }，参数 { $settings }，随机种子 { $seed }，训练设备 { $device }。
    .defaults = 所用程序库的默认值
card-alerts = 预警条件
    .text = 每日核查风险最高的 { $budget } 张卡。按成本计，当预期损失超过一次误报的成本 { $cost } 时，拦截该交易才划算。
card-figures = 表现
    .text = 测试窗口未参与模型选择，每日核查 { $budget } 张卡。用于评判的模型以此前的数据训练。
    .all = 全部交易
card-calibration = 校准
    .text = 期望校准误差 { $error }（95% 区间：{ $low } 至 { $high }）。
    .few = 不作评判（{ $few }）。
card-features = 特征
    .feature = 特征
    .name = 名称

## 证据

evidence-title = { $stage } 阶段
    .lead = 该阶段对这些数据所做的处理；代码已略去。
    .run = 运行
    .began = 开始时间
    .machine = 机器
    .seconds = 耗时（秒）
    .notebook = 已执行的 notebook
    .inputs = 数据版本
    .outputs = 结果版本
    .path = 文件或文件夹
    .md5 = 哈希值（MD5）

## 终端

summary-test = 测试窗口（* 为依据此前各窗口选出的胜者）：
summary-few = 过少
    .why = 测试窗口{ $few }。
summary-approve = 将其启用为现用模型
summary-next = 下一步查看：
summary-dashboard = 供决策者查看的含义说明
summary-mlflow = 各候选模型的运行与已登记的模型
summary-lab = notebook；各阶段所做的处理见 { $folder }
