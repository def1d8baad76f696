### Every sentence of the pages, the messages and the model card, in English.
### Fluent's form: https://projectfluent.org. What stands in braces is filled in; numbers, days and plurals follow the
### language's own rules. The other languages have the same messages.

## Names

language = English
navigation = Pages
page-overview = Overview
page-drift = Drift
page-model = Model
page-alerts = Alerts
title-overview = Fraud detection at a glance
title-drift = What has changed since training?
title-model = How good is the model?
title-alerts = Alert queue
title-quality = Data quality
title-model_card = Model card: { $model }
lead-overview = Is the model healthy, what does it save, what has changed, and what was done about it?
lead-drift = The model's features, in training and now; the full statistical report stands at the end.
lead-model = The model in use and its challenger, at the number of cards that the bank checks in a day.
lead-alerts = The cards to check, the reasons, and what became of earlier alerts.
lead-quality = How many rows came in, and which were quarantined, why and when.

state-fine = ✓ Fine
state-attention = ▲ Needs attention
state-unknown = ? Not known yet

sign_in = Sign in
    .where = The address that was printed when the pages were started holds the token.
    .token = Token
    .button = Sign in
    .wrong = This is not the token of these pages.
page-late = This page was not ready after { $seconds } seconds. Please load it again; the server's log says what happened.
source = Source: { $files }
evidence = run, data version and executed notebook ({ $stage })
broken = ▲ The record cannot be trusted
    .why = What was decided is kept in a record that nobody can change unnoticed. It was changed, cut or signed by somebody who is not trusted, so nothing that rests on it is shown.
    .todo = To do: tell those who run the models, and have them run `make audit`; it names the entry.
missing = ? Not there yet
    .made = { $path } does not exist yet, cannot be read, or has another form. To do: run `dvc repro`; the stage { $stage } writes it.
    .loop = { $path } is there once `make operate` or `make day` has run.
days = { $first } to { $last }
sentence = { $text }.
    .why = { $text }: { $why }.
range = { $value } ({ $low } to { $high })

channel-atm = ATM
channel-pos = POS
channel-web = web banking
channel-all = all channels
feed-atm = ATM
feed-web = Web banking
feed-pos = POS
feed-file = Own file
feed-reports = Fraud reports
feed-findings = Analysts' findings

model-xgboost = XGBoost
model-lightgbm = LightGBM
model-flaml = FLAML
model-random_forest = Random forest
model-decision_tree = Decision tree
model-logistic_regression = Logistic regression
model-neural_network = Neural network
model-sequence_network = Recurrent network
model-keras_network = Keras network

## How old the data is, and whether anybody watches

age =
    .none = Data as of { $moment } UTC. There is no transaction before it.
    .hour = Data as of { $moment } UTC. The newest transaction is less than an hour older.
    .hours = Data as of { $moment } UTC. The newest transaction is { $hours ->
        [one] 1 hour
       *[other] { $hours } hours
    } older.
    .live = That was { $hours ->
        [one] 1 hour
       *[other] { $hours } hours
    } ago.
stopped = ■ Monitoring has stopped
    .missing = The model is not monitored: { $path } does not exist, cannot be read, or has another form.
    .behind = The last verdict is of { $watched }, but the pipeline stands at { $now }. What has happened since is not monitored.
    .silent = The newest transaction is { $days ->
        [one] 1 day
       *[other] { $days } days
    } older than the data's date: there is nothing new to monitor.
    .late = The last verdict is of { $watched }, { $days ->
        [one] 1 day
       *[other] { $days } days
    } ago. What has happened since is not monitored.
    .do = To do: run `dvc repro`, and find out why it has not run.
    .feeds = To do: find out why the feeds deliver nothing.

## The verdict

health-fine = ✓ All is well
health-attention = ▲ Needs attention
health-unknown = ? Not everything is known yet
advice-fine = Nothing needs to be done.
advice-proposed = The model in use is well. A new model waits for approval: see below.
advice-attention = Scores and alerts may be less reliable than they were. Show this page to the model's owners: they decide whether to retrain.
advice-unknown = Look again when more transactions and fraud reports have come in.
unknown-questions = Not yet known: { $questions }
compared = Compared: { $before } transactions from { $before_from } to { $before_to }, on which the model was trained, with { $after } transactions from { $after_from } to { $after_to }.
questions = Five questions about the model in use
question = Question
    .answer = Answer
    .because = Because
question-input = Have transactions changed?
question-scores = Have the model's scores changed?
question-estimate = How good is the model now, as estimated while labels are pending?
question-performance = How good was it, now that labels are in?
question-quality = Can the data be relied on?

few = Too few transactions have come in since the model was made to say.
few-frauds = { $count ->
        [one] 1 fraud
       *[other] { $count } frauds
    }: too few to judge
few-compromised = { $count ->
        [one] 1 compromised card
       *[other] { $count } compromised cards
    }: too few to judge
few-alerts = { $count ->
        [one] 1 alert
       *[other] { $count } alerts
    }: too few to judge
input-unchanged = Transactions are as they were when the model was trained.
input-changed = Transactions have changed. { $feature }: { $before } on average in training, { $after } now.
    .since = Transactions have changed since { $day }. { $feature }: { $before } on average in training, { $after } now.
    .more = Of the model's { $features } features, { $count } more { $count ->
        [one] has
       *[other] have
    } drifted.
scores-unchanged = Scores are distributed as they were in training.
scores-changed = Scores have changed: { $before } on average in training, { $after } now.
estimate-no_frauds = Too few frauds are expected among the transactions whose labels are pending.
estimate-no_baseline = Of the frauds not yet reported, the model is estimated to detect { $share }. The validation windows' baseline is not known.
estimate-few_baseline = Of the frauds not yet reported, the model is estimated to detect { $share }. The validation windows have { few-frauds }.
estimate-held = Of the frauds not yet reported, the model is estimated to detect { $share }; the baseline of the validation windows is { $baseline }.
estimate-decayed = { estimate-held }
estimate-blind = An estimate cannot see a new pattern of fraud before its first labels come in.
performance-no_frauds = No fraud has been reported yet among the transactions since the model was made.
performance-few_frauds = Of { $frauds ->
        [one] 1 fraud
       *[other] { $frauds } frauds
    } reported lately, the model detected { $found }: too few to judge.
performance-no_baseline = Of the frauds reported lately, the model detected { $share }. The validation windows' baseline is not known.
performance-few_baseline = Of the frauds reported lately, the model detected { $share }. The validation windows have { few-frauds }.
performance-held = Of the frauds reported lately, the model detected { $share }; the baseline of the validation windows is { $baseline }.
performance-decayed = { performance-held }
performance-missed = In the last { $days } days, { $lately ->
    [one] 1 incident of fraud was
   *[other] { $lately } incidents of fraud were
    } missed ({ $channel }); the baseline is { $baseline }.
quality-no_payments = There is not a single transaction.
quality-newest = Hours since the last transaction: { $channels }.
quality-channel = { $channel } { $hours }
quality-recent = { $channel } less than 1
quality-quarantined = Of the rows of the last { $days } days, { $lately } were quarantined; before, { $before }.

## Features: the value is a name, .reason is what a value of it says of a transaction

window-1h = the last hour
window-1d = the last day
window-7d = the last 7 days
window-30d = the last 30 days
weekday-0 = Monday
weekday-1 = Tuesday
weekday-2 = Wednesday
weekday-3 = Thursday
weekday-4 = Friday
weekday-5 = Saturday
weekday-6 = Sunday
duration-minute = less than a minute
duration-minutes = { $number ->
    [one] 1 minute
   *[other] { $number } minutes
    }
duration-hours = { $number ->
    [one] 1 hour
   *[other] { $number } hours
    }
duration-days = { $number ->
    [one] 1 day
   *[other] { $number } days
    }
duration-capped = { $number } days or more

feature-amount = Amount of the transaction
    .reason = the amount of the transaction is { $value }
feature-hour_of_day = Hour of the day
    .reason = made between { $hour }:00 and { $next }:00, the bank's time
feature-day_of_week = Day of the week, Monday is 0
    .reason = made on a { $weekday }
feature-is_night = Made between midnight and 7 in the morning
    .reason = { $yes ->
        [yes] made between midnight and 7 in the morning
       *[no] not made between midnight and 7 in the morning
    }
feature-is_weekend = Made on a Saturday or Sunday
    .reason = { $yes ->
        [yes] made on a Saturday or Sunday
       *[no] not made on a Saturday or Sunday
    }
feature-is_web = Made in web banking
    .reason = { $yes ->
        [yes] made in web banking
       *[no] not made in web banking
    }
feature-is_atm = Made at an ATM
    .reason = { $yes ->
        [yes] made at an ATM
       *[no] not made at an ATM
    }
feature-card_transactions = Transactions with the card in { $window }
    .reason = { $value ->
        [one] 1 transaction
       *[other] { $value } transactions
    } with this card in { $window }
feature-card_mean_amount = Mean amount of the card's transactions in { $window }
    .reason = the mean amount of this card's transactions in { $window } is { $value }
feature-amount_to_mean = Amount, in multiples of the card's mean in { $window }
    .reason = { $value } times this card's mean amount in { $window }
feature-amount_deviation = Amount above the card's mean in { $window }, in standard deviations
    .reason = { $value } standard deviations { $side ->
        [below] below
       *[above] above
    } this card's mean amount in { $window }
feature-largest_to_mean = Largest earlier amount of { $window }, in multiples of the card's mean of 30 days
    .reason = the largest earlier amount of { $window } was { $value } times this card's mean amount in the last 30 days
feature-hours_since_last = Hours since the card's last transaction, 720 at most
    .reason = { $duration } since this card's last transaction
feature-channel_share = Share of the card's transactions of { $window } that went through the same channel
    .reason = { $extreme ->
        [none] none
        [all] all
       *[some] { $value }
    } of this card's transactions in { $window } went through the same channel
feature-category_share = Share of the card's transactions of { $window } that were in the same category
    .reason = { $extreme ->
        [none] none
        [all] all
       *[some] { $value }
    } of this card's transactions in { $window } were in the same category
feature-amount_to_category_mean = Amount, in multiples of the category's mean in { $window }
    .reason = { $value } times the category's mean amount in { $window }
feature-distance_from_last_m = Distance from the place of the card's last transaction
    .reason = { $distance } from the place of this card's last transaction
feature-speed_from_last_kmh = Speed needed to come from the place of the card's last transaction, km/h
    .reason = { $value } km/h needed to come here from the place of this card's last transaction
feature-distance_from_usual_m = Distance from the centre of the card's transactions in { $window }
    .reason = { $distance } from the centre of this card's transactions in { $window }
feature-distance_from_home_m = Distance from the home of the card's owner
    .reason = { $distance } from the home of this card's owner
feature-terminal_transactions = Transactions at the terminal in { $window } before the label delay
    .reason = { $value ->
        [one] 1 transaction
       *[other] { $value } transactions
    } at this terminal in { $window } before the label delay
feature-terminal_risk = Frauds reported at the terminal in { $window }, per transaction
    .reason = { $reports ->
        [one] 1 fraud
       *[other] { $reports } frauds
    } reported at this terminal in { $window }, for { $of ->
        [one] 1 transaction
       *[other] { $of } transactions
    }
feature-terminal_fraud_age = Mean days since the frauds reported at the terminal in { $window }, 90 at most
    .reason = { $value ->
        [one] 1 day
       *[other] { $value } days
    } on average since the frauds reported at this terminal in { $window }
feature-terminal_fraud_to_mean = Amount of the frauds reported at the terminal in { $window }, in multiples of their cards' means, 10 at most
    .reason = the frauds reported at this terminal in { $window } were { $value } times their cards' mean amounts
feature-given = { $name }, as the source gives it
feature-fraud_probability = The model's score
feature-payments_before = Earlier transactions of the card
    .reason = the transactions that this card made before this one
reason-other = { $feature }: { $value }

## Why rows are quarantined

subject-amount = amount
subject-card = card
subject-category = category
subject-channel = channel
subject-currency = currency
subject-given = a number for the model
subject-home = home of the card's owner
subject-is_fraud = label
subject-local_time = local time
subject-place = place
subject-report = report
subject-reported_at = time of the report
subject-terminal = terminal
subject-time = time
subject-transaction_id = transaction number
problem-missing = { $subject } is missing
problem-unreadable = { $subject } cannot be read
problem-too_small = { $subject } is too small
problem-too_large = { $subject } is too large
problem-too_long = { $subject } is too long
problem-zero = { $subject } is zero
problem-unknown = { $subject } is unknown
problem-refund = it is a refund
problem-of_refund = it reports a refund
problem-contradictory = { $subject } differs from the mark beside the amount
problem-duplicate = { $subject } came before
problem-card_number = { $subject } contains a card number
problem-unprotected = { $subject } has the number of a real card, and there is no secret key
problem-not_text = { $subject } contains characters that are not text
problem-not_on_clocks = the time does not exist on local clocks
problem-ambiguous = the local time came twice, in no order
problem-date_order = { $subject } may have the day first or the month first
problem-number = { $subject } is a number of unknown meaning
problem-zone_unknown = { $subject } is in an unknown time zone
problem-out_of_range = { $subject } lies outside 1970 to 2199
problem-before_payment = it is not later than the payment it reports
problem-in_future = it speaks of a time after its file's day
note-date_only = { $subject } has no time of day
note-repeated_hour = { $subject } lies in the hour that autumn repeats; the second was assumed
problem-unknown_transaction = it reports an unknown transaction
problem-not_utf8 = it is not UTF-8
problem-field_count = its number of fields is not the header's
problem-quotation_mark = it contains a quotation mark, which the feed does not use
problem-not_json = it is not the JSON object that the feed sends
problem-empty = the file is empty
problem-not_parquet = it is not a complete Parquet file
problem-column_type = a column of the file does not hold single values
problem-time_type = the file's time column is not a timestamp
problem-suffix = the file's suffix is not this feed's
problem-unknown_feed = the feed is unknown
problem-unopened = the file cannot be opened
problem-columns_missing = the file lacks columns
kind-missing = missing
kind-outlier = outlier
kind-duplicate = duplicate
kind-card_number = card number
kind-unknown_transaction = unknown transaction
kind-refund = refund
kind-format = format
amount-smallest = Smallest
amount-median = Median
amount-percentile_99 = 99th percentile
amount-largest = Largest

## Decisions

standing-promoted = ✓ The model is promoted
    .short = { $model } is promoted
standing-proposed = ● The model waits for approval
    .short = { $model } is proposed and waits for approval
standing-champion = ✓ The model is the champion
    .short = { $model } is the champion
standing-no_better = ● The champion stays in use
    .short = { $model } does not replace the champion
standing-kept = ▲ The model must not be used
    .short = { $model } must not be used
gate-promoted = The gate promoted it:
gate-proposed = The gate let it pass; a person has to approve it:
    .few = The gate cannot judge it; a person has to decide:
gate-champion = It is in use, and nothing better was found:
gate-no_better = The gate did not let this model replace it:
gate-kept = The gate did not promote it:
check-floor = { $passed ->
        [yes] { $figure } on the test window is { $value }, at least the floor of { $limit }
       *[no] { $figure } on the test window is { $value }, below the floor of { $limit }
    }
check-ceiling = { $passed ->
        [yes] { $figure } on the test window is { $value }, at most the ceiling of { $limit }
       *[no] { $figure } on the test window is { $value }, above the ceiling of { $limit }
    }
check-few = { $figure } is not known: the test window has too few frauds for it
    .counted = { $figure } on the test window is not judged ({ $few })
check-too_few_frauds = the test window has { $frauds ->
        [one] 1 fraud
       *[other] { $frauds } frauds
    }, too few to judge a model: it takes { $least }
gain-interval = { $confidence } interval { $low } to { $high }
    .none = the same in every resample
check-gain = { $figure } differs from the champion's on the same transactions by { $difference } ({ $interval }); a gain above { $least } is { $probability } sure, { $passed ->
        [yes] at least
       *[no] below
    } the { $confidence } required
    .few = whether { $figure } is better than the champion's cannot be told ({ $few })
check-no_champion = there is no champion yet
check-same_as_champion = it is the champion itself, file for file
check-champion_learned = the champion was trained on { $learned } of the { $days } days it was judged on, which flatters it
figure-in = { $figure } ({ $group })
group-budget = at the alert budget
group-cost = by cost

decision-begin = Begun
decision-watch = Monitored
decision-wait = No model in use
decision-rules = Rules changed
decision-retrain = Retrained
decision-promote = Promoted
decision-propose = Proposed
decision-keep = Kept
decision-tell = Notified
decision-approved = Approved
decision-promoted = Promoted
decision-rolled-back = Rolled back
rule-beginning = first model
    .because = there was no model yet
rule-drift = drift
    .because = transactions or scores have changed since { $since }, { $days } days in a row
rule-decay = performance decay
    .because = the model has detected fewer frauds than it should since { $since }, { $days } days in a row
rule-rules = params.yaml
    .because = new rules from this morning on: { $sections }
rule-age = model age
    .because = the last training was { $days } days ago
news-promote = A retrained model is champion: { $checks }
news-keep = The champion stays: { $checks }
news-propose = A retrained model waits for approval: { $checks }
news-refuse = No model is in use: { $checks }
news-first = The first model is trained.
message-title = Fraud detection, { $day }: { $health }
message-open = Open the page
message-record = The record's last entry is { $head }; `make audit HEAD={ $head }` says whether it still is there.
journal = The last decisions
    .none = No decision has been taken yet.
    .day = Day
    .decision = Decision
    .rule = Rule, or who decided

## Overview

detected-since = ● { $share } of compromised cards detected since training
    .detail = That is what the bank's daily checks would have found; on the model's test window it was { $share }.
    .untested = That is what the bank's daily checks would have found. The model's test window has { $few }.
    .judged = Judged on { $transactions } transactions from { $first } to { $last }, { $frauds } of them frauds; for later transactions, labels are pending.
    .interval = The 95% interval of this rate is { $low } to { $high }.
    .few = ? { $found } of { $compromised ->
        [one] 1 compromised card
       *[other] { $compromised } compromised cards
    } detected since training: too few to judge
detected-test = ● { $share } of compromised cards detected on the test window
    .detail = That is what the bank's daily checks would have found. There is no figure since training yet: labels are pending.
    .few = ? { $found } of { $compromised ->
        [one] 1 compromised card
       *[other] { $compromised } compromised cards
    } detected on the test window: too few to judge
expected = Of the transactions whose labels are pending, about { $frauds } are expected to be frauds, worth { $worth }; the model is estimated to detect { $share } of them.
saved = ● Net losses prevented: { $money } a day
    .few = ? Net losses prevented: not judged ({ $few })
    .detail = On the test window, checking { $budget } cards a day: frauds prevented, less { $cost } for each false positive.
    .none = Too few days: no model has been in use for long enough to be judged by what it saved.
    .title = What is it worth?
    .months = Net losses prevented a day, month by month
    .month = Month
    .picture = Value detection rate, and net losses prevented so far: a model that is never retrained beside one that is retrained by rule
way-never_retrained = Never retrained
way-every_month = Retrained every month
way-the_loop = Retrained by rule
changed-title = What has changed?
    .more = See the page Drift
arrived-title = What came in?
arrived = { $received } rows came in: { $used } were used, { $quarantined } were quarantined with a reason. None was dropped in silence.
    .refunds = { $refunds } of the quarantined rows are refunds or reports of them: no payments and no errors, so they count in no share of bad rows.
    .table = Quarantined rows
    .feed = Feed
    .reason = Reason
    .rows = Rows
    .more = See the page Data quality
done-title = What was done, and by which rule?
origins-title = Where does each number come from?
origins = The records behind these pages
    .what = What
    .file = File
    .stage = Stage
    .evidence = Evidence
record-clean = How many rows came in, and what became of them
record-evaluate = Every candidate's figures, and the winner
record-register = The gate's decision and its checks
record-monitor = The model in use, what has drifted, and the figures since training
record-alerts = The alert queue, and what became of earlier alerts

## Drift

drift-none = Nothing was compared: there is not enough data since training.
drift-count = Of the model's { $features } features, { $moved ->
    [one] 1 has
   *[other] { $moved } have
    } drifted; those made of fraud reports aside, it takes { $needed } to speak of drift.
drift-zero = None of the model's { $features } features has drifted.
drift-score = The model's score has drifted, too.
drift-onset = It began on { $day }.
drift-sample = Distances are computed on at most { $few } transactions of either window, spread evenly over its time.
drift-far = The distance says how far the values have moved, in standard deviations of the training window (Wasserstein distance); for yes-or-no features, how far the two shares are apart (Jensen-Shannon distance). The tick is the threshold: higher for features that also moved by themselves in training.
drift-feature = Feature
    .distance = Distance
    .before = Mean in training
    .after = Mean since
drift-moved = ▲ Drifted
drift-quiet = Below the threshold
drift-fold = { $count ->
        [one] 1 feature
       *[other] { $count } features
    } below the threshold
    .score = { $count ->
        [one] 1 feature
       *[other] { $count } features
    } and the score below the threshold
report-title = The full drift report
    .text = Made by Evidently, in English: every distribution in training (“reference”) and since (“current”). It is large, and loads last.
    .open = Open it by itself
    .frame = Evidently's full drift report
    .none = There is no full report: with too little data since training, none is made.

## Figures: the value is the figure's name, .meaning says what it means

figure-recall_at_budget = Card detection rate
    .meaning = Of the cards used in a fraud on a day, the share that the day's checks find on that day.
figure-precision_at_budget = Alert precision
    .meaning = Of the alerts, the share whose card had a fraud on that day: 1 in { $one_in }. With a fixed number of checks a day and few frauds, even a perfect model stays far below 100%.
figure-average_precision = Average precision (PR-AUC)
    .meaning = The area under precision and recall. 1 is perfect; a random ranking gives the share of frauds.
figure-roc_auc = ROC AUC
    .meaning = How often a fraud has a higher score than a genuine transaction. 1 is always, 0.5 is chance.
figure-card_precision_100 = Card precision at 100
    .meaning = Of the 100 riskiest cards a day, the share that is compromised, cards found earlier aside. A published measure, to compare with other studies.
figure-fraud_share = Fraud rate
    .meaning = The share of frauds among transactions. It differs between the columns, and the figures above move with it.
figure-alerts_per_day = Alerts a day
figure-precision = Alert precision
figure-recall = Fraud detection rate
figure-recall_by_amount = Value detection rate
figure-false_alarms_per_1000_customers = False positives a day, per 1,000 customers
figure-money_saved_per_day = Net losses prevented a day
figure-share_found = Fraud detection rate
figure-share_found_by_amount = Value detection rate
figure-frauds = Frauds
figure-fraud_amount = Value of the frauds

figures-title = On the test window and since training
    .lead = On the test window, which had no say in choosing the model, and on the transactions since training whose labels are in. In brackets the 95% interval of a share.
    .table = The model's figures
    .figure = Figure
    .test = Test window
    .since = Since training
    .meaning = Meaning
rivals-title = The model in use and its challenger
    .table = On the test window, checking { $budget } cards a day
    .challenger = Challenger: { $model }
    .champion = Champion: { $model }
    .newest = Newest model: { $model }
    .none = There is no champion yet: the newest model stands alone.
    .same = The newest model is the champion itself.
    .gain = Its average precision differs from the champion's by { $difference } ({ $interval }). A gain above { $least }, as is required, is { $probability } sure; required is { $confidence }.
    .few = Whether it is better than the champion cannot be told ({ $few }).
channels-title = By channel
    .table = The newest model by channel, on the test window
    .channel = Channel
calibration-title = Are its probabilities calibrated?
    .error = Of ten transactions scored 30%, three should be frauds. On the test window its probabilities were { $error } percentage points away from what came true, on average ({ $low } to { $high }).
    .few = From the test window this cannot be told ({ $few }).
    .line = Raw scores were calibrated by a line in log-odds, fitted on the validation windows: slope { $slope }, intercept { $intercept }.
estimates-title = While labels are pending
    .table = The estimate, and how it has held
    .note = In brackets the 95% interval; ▲ came true outside it.
    .figure = Figure
    .out = Labels pending: estimated
    .in = Labels in: estimated
    .true = Labels in: came true
    .few = too few frauds
candidates-title = Which models were considered?
    .table = The candidates
    .detail = { $winner } was chosen: it had the highest average precision on the validation windows. The test window had no say in the choice, so its figures flatter nobody.
    .candidate = Candidate
    .chosen = ✓ chosen
    .validation = Average precision (PR-AUC), validation windows
    .test = Average precision (PR-AUC), test window
    .found = Card detection rate, test window
curve-detail = In the picture, one line is one candidate on the test window. Farther right, more of the frauds are detected; farther up, more of the alerts are right.
    .shows = Precision against recall on the test window, one line a candidate
facts-title = Which model is it?
    .table = The model behind these pages
    .champion = The champion
    .newest = The newest model: there is no champion yet
    .standing = Standing
    .kind = Kind of model
    .trained = Trained on transactions
    .as_of = Made with what was known on
    .features = Features
    .model = Hash of the model
    .data = Hash of its data
    .card = Its model card

## Alerts

alerts-title = ● Cards to check on { $day }: { $count }
    .empty = There is no card to check.
    .detail = At most { $budget } a day, the riskiest first. Cards are shown as shortened pseudonyms.
    .download = Download the list as CSV
    .list = The queue
    .rank = Rank
    .card = Card
    .time = Time (UTC)
    .channel = Channel
    .amount = Amount
    .probability = Probability of fraud
    .outcome = Outcome
    .reasons = Reasons
became-title = What became of earlier alerts
    .note = Closed is what was reported or found to be fraud, found to be genuine, or has had no report in { $days } days. The rest is pending. Alert precision is taken over the days on which every alert is closed; in brackets its 95% interval.
    .all = All alerts since the model was made
    .weeks = Week by week
    .week = Week from
    .closed = Closed
    .pending = Pending
outcome-fraud = ▲ fraud
outcome-genuine = ✓ genuine
outcome-pending = ? pending
repeated-title = Repeated false positives
    .table = Customers alerted more than once without fraud
    .times = False positives in the last { $days } days
    .fold = { $count } more
    .none = No customer was alerted more than once without fraud in the last { $days } days.

## Data quality

quality-kinds = Quarantined rows, by feed and kind
quality-reasons = Quarantined rows, by feed and reason
quality-replaced =
    .transaction_id = In { $rows } rows the transaction's id held a card number. A pseudonym stands in its place; by the old id the transaction cannot be found here.
    .terminal = In { $rows } rows the terminal held a card number. A pseudonym stands in its place.
quality-lacks =
    .card = The source has no cards: each payment counts as a card of its own, so what is said of cards is said of payments.
    .terminal = The source has no terminals: no feature is made of them, and frauds are not put together by them.
quality-notes = Rows used although their time is not exact, by feed
    .note = Note
quality-amounts = Amounts that were used
quality-days = Quarantined rows of each day
    .day = Day
    .earlier = Earlier
    .none = No row was quarantined.
    .cell = { $bad } of { $rows }

## The model card

card-purpose = Purpose
    .text = It gives each card transaction, at an ATM, in web banking or at a point of sale, the probability that it is a fraud. Alerts are put before the bank's analysts, who decide.
card-owner = Owner
card-limits = Limits
    .reports = It was trained on frauds that were reported. One that nobody reports counts as genuine, and a new pattern of fraud is unknown to it until reports come in.
    .people = It is no judgement of a person: it must not be used for credit, for prices or for closing accounts, and no transaction should be refused for good without a human decision.
    .new = A card or a terminal without a past looks ordinary to it.
    .world = Its probabilities hold as long as transactions are like those of its training window; monitoring says when they no longer are.
card-data = Training data
    .text = Transactions from { $first } to { $last } (UTC), with the frauds known on { $as_of }; frauds are usually reported within { $delay } days. Hash of the data: { $hash }.
    .sampled = Of the honest payments { $share }, drawn at random, were learned from. The probabilities are corrected for that.
card-kind = What it is
    .text = { $model }, settings { $settings }, seed { $seed }, trained on { $device }.
    .defaults = its library's own
card-alerts = When it alerts
    .text = The { $budget } riskiest cards of a day are checked. By cost, a transaction is worth stopping when the expected loss exceeds that of a false positive at { $cost }.
card-figures = How good it is
    .text = On the test window, which had no say in choosing it, checking { $budget } cards a day. The model judged there was trained on the days before it.
    .all = All transactions
card-calibration = Calibration
    .text = Expected calibration error { $error } (95% interval { $low } to { $high }).
    .few = Not judged ({ $few }).
card-features = Features
    .feature = Feature
    .name = Name

## Evidence

evidence-title = The stage { $stage }
    .lead = What this stage did with this data; the code is left out.
    .run = The run
    .began = Began
    .machine = Machine
    .seconds = Duration, seconds
    .notebook = The executed notebook
    .inputs = Version of its data
    .outputs = Version of its results
    .path = File or folder
    .md5 = Hash (MD5)

## On the terminal

summary-test = On the test window (* the winner, chosen on the windows before):
summary-few = too few
    .why = The test window has { $few }.
summary-approve = makes it champion
summary-next = Where to look next:
summary-dashboard = what it means, for whoever decides
summary-mlflow = every candidate's runs and the registered model
summary-lab = the notebooks; what each stage did is in { $folder }
