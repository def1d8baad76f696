"""A mapping is proposed from names and values; what neither makes likely stays open, and no word is put in a mouth."""

from pathlib import Path

import pytest

from mlops_nb.base.errors import UserError
from mlops_nb.base.params import parse_yaml
from mlops_nb.data.mapping import mapping_for
from mlops_nb.data.parts import mapping_path
from mlops_nb.data.sources import read_rows

PANS = ("4532010000000032", "4532010000000040")  # Luhn's check holds


def pan(row: int) -> str:
    return PANS[row % 2]


# The shape of a file: its header, what a row holds, and the right proposal. A column is sure, ~likely, or ?open.
SHAPES = {
    "Sparkov": (
        ",trans_date_trans_time,cc_num,merchant,category,amt,first,zip,lat,long,city_pop,dob,trans_num,unix_time,"
        "merch_lat,merch_long,is_fraud",
        lambda row: f"{row},2019-01-0{1 + row % 9} 00:00:18,{pan(row)},fraud_Rippin {row % 3},misc_{row % 2},"
                    f"4.9{row % 9},Ann,2865{row % 3},36.07,-81.17,3495,1988-03-09,{row:032x},{1325376018 + row},"
                    f"36.0{row % 7},-82.0{row % 7},{int(row == 3)}",
        {"time": "trans_date_trans_time", "card": "cc_num", "terminal": "merchant", "amount": "amt",
         "is_fraud": "is_fraud", "transaction_id": "trans_num", "category": "category", "x": "merch_long",
         "y": "merch_lat", "home_x": "long", "home_y": "lat"}, {"place_unit": "degrees"}),
    "PaySim": (
        "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud,"
        "isFlaggedFraud",
        lambda row: f"{1 + row // 4},{('PAYMENT', 'CASH_OUT')[row % 2]},98{row}.64,C12310068{row:02},"
                    f"170136.0,160296.3{row % 9},M19797871{row % 4},0.0,0.0,{int(row == 3)},0",
        {"time": "~step", "card": "~nameOrig", "terminal": "nameDest", "amount": "amount", "is_fraud": "isFraud"},
        {"time_form": "steps", "time_origin": None, "time_step": None}),
    "BankSim": (
        "step,customer,age,gender,zipcodeOri,merchant,zipMerchant,category,amount,fraud",
        lambda row: f"'{row // 5}','C109382{row % 4}','{row % 7}','M','2800{row % 2}','M34893{row % 3}',"
                    f"'2800{row % 3}','es_{'food' if row % 2 else 'travel'}',4.5{row % 9},{int(row == 3)}",
        {"time": "~step", "card": "customer", "terminal": "merchant", "category": "category", "amount": "amount",
         "is_fraud": "fraud"}, {"time_form": "steps", "time_origin": None, "time_step": None}),
    "IEEE-CIS": (
        "TransactionID,isFraud,TransactionDT,TransactionAmt,ProductCD,card1,card2,card4,addr1,dist1,P_emaildomain,V1,V2",
        lambda row: f"29870{row:02},{int(row == 3)},{86400 + row},6{row}.5,W,{13926 + row % 3},{400 + row % 3},"
                    f"visa,315,19,gmail.com,{row % 2}.0,",
        {"transaction_id": "TransactionID", "is_fraud": "isFraud", "time": "~TransactionDT", "amount": "TransactionAmt",
         "card": "?card1 card2"},
        {"time_form": "steps", "time_origin": None, "time_step": None, "features": ["V1"]}),
    "ULB": (
        '"Time","V1","V2","V28","Amount","Class"',
        lambda row: f'{row},-1.3598,0.{row},-0.02,{row}.62,"{int(row == 3)}"',
        {"time": "~Time", "amount": "Amount", "is_fraud": "Class"},
        {"time_form": "steps", "time_origin": None, "time_step": None, "features": ["V1", "V2", "V28"]}),
    "IBM": (
        "User,Card,Year,Month,Day,Time,Amount,Use Chip,Merchant Name,Merchant City,Merchant State,Zip,MCC,Errors?,"
        "Is Fraud?",
        lambda row: f"{row % 2},{row % 3},2019,{1 + row % 12},{1 + row},06:2{row % 9},$13{row}.09,Swipe Transaction,"
                    f"352721324612787695{row % 3},La Verne,CA,91750,53{row % 2}0,,{('No', 'Yes')[row == 3]}",
        {"time": ["Year", "Month", "Day", "Time"], "card": ["~", "User", "Card"], "terminal": "Merchant Name",
         "amount": "Amount", "category": "MCC", "is_fraud": "Is Fraud?"}, {}),
    "Feedzai BAF": (
        "fraud_bool,income,name_email_similarity,customer_age,days_since_request,payment_type,zip_count_4w,velocity_6h,"
        "proposed_credit_limit,month",
        lambda row: f"{int(row == 3)},0.{1 + row % 9},0.16{row},{10 * (1 + row % 5)},0.02{row},AA,"
                    f"76{row},1065{row}.8,500,0",
        {"is_fraud": "fraud_bool", "time": "?", "amount": "?"}, {}),
    "ISO 8583": (
        "MTI,DE2_PAN,DE3_ProcessingCode,DE4_AmountTransaction,DE7_TransmissionDateTime,DE12_LocalTime,DE18_MCC,"
        "DE22_POSEntryMode,DE37_RRN,DE41_TerminalID,DE42_CardAcceptorID,DE49_Currency,FraudIndicator",
        lambda row: f"0100,{pan(row)},000000,{1250 + row:012},01{1 + row:02}131500,2601{1 + row:02}131500,"
                    f"54{row % 2}1,071,{row:012},T000000{row % 3},M00000000000{row % 3},978,{int(row == 3)}",
        {"time": "~DE12_LocalTime", "card": "DE2_PAN", "terminal": "~DE42_CardAcceptorID", "category": "DE18_MCC",
         "amount": "DE4_AmountTransaction", "transaction_id": "DE37_RRN", "currency": "DE49_Currency",
         "is_fraud": "FraudIndicator"}, {"time_form": "yymmdd", "amount_unit": "cents"}),
    "ISO 8583 of 1987": (
        "DE002,DE004,DE007,DE012,DE013,DE042,FRAUD",
        lambda row: f"{pan(row)},{1250 + row:012},01{1 + row:02}121500,1{3 - row % 3}1500,"
                    f"01{1 + row:02},M{row % 3},{int(row == 3)}",
        {"time": ["~", "DE013", "DE012"], "card": "DE002", "terminal": "DE042", "amount": "DE004", "is_fraud": "FRAUD"},
        {"time_form": "mmdd", "time_year": None, "amount_unit": "cents"}),
    "ISO 20022": (
        "TxId,AccptncDtTm,CreDtTm,DbtrAcct.IBAN,CdtrAcct.IBAN,InstdAmt,Ccy,CdtDbtInd,FrdInd",
        lambda row: f"TX{row},2026-01-{1 + row:02}T12:00:00.000+01:00,2026-01-{1 + row:02}T12:00:00.000+01:00,"
                    f"DE0{row % 4},FR0{row % 3},16.{71 + row % 9},EUR,"
                    f"{('DBIT', 'CRDT')[row % 5 == 0]},{str(row == 3).lower()}",
        {"transaction_id": "TxId", "time": "AccptncDtTm", "card": "DbtrAcct.IBAN", "terminal": "CdtrAcct.IBAN",
         "amount": "InstdAmt", "currency": "Ccy", "direction": "CdtDbtInd", "is_fraud": "FrdInd"},
        {"refund": ["CRDT"]}),
    "a German bank": (
        "Buchungstag;Uhrzeit;Kartennummer;Händler;Betrag;Soll_Haben;Betrug",
        lambda row: f"{1 + row:02}.01.2026;13:1{row % 9};{pan(row)};Bäckerei Müßig {row % 3};1.23{row % 9},50;"
                    f"{'SH'[row % 5 == 0]};{'NJ'[row == 3]}",
        {"time": ["Buchungstag", "Uhrzeit"], "card": "Kartennummer", "terminal": "Händler", "amount": "Betrag",
         "direction": "Soll_Haben", "is_fraud": "~Betrug"},
        {"decimal": ",", "yes": None, "no": None, "refund": ["H"]}),
    "a British bank": (
        "value_date,booked,account,payee,amount_pence,status,chargeback",
        lambda row: f"{1 + row}/03/2026,{13 + row}/03/2026 10:15,{40 + row % 4}-1,shop {row % 3},1{row}50,ok,"
                    f"{int(row == 3)}",
        {"time": "~value_date", "card": "account", "terminal": "payee", "amount": "amount_pence",
         "is_fraud": "chargeback"},
        {"time_form": "day_first", "amount_unit": "cents"}),
    "a file of names nobody knows": (
        "when,who,how_much,bad", lambda row: f"2026-01-{1 + row:02} 10:00,a{row % 3},1.5{row % 9},{int(row == 3)}",
        {"time": "?when", "is_fraud": "?bad", "amount": "?"}, {}),
}


def proposed(folder: Path, header: str, row) -> tuple[str, str]: # the proposal, and what the person is told
    source = folder / "own.csv"
    source.write_text("\n".join([header, *map(row, range(16)), ""]), encoding="utf-8")
    with pytest.raises(UserError) as told:
        mapping_for(source)
    return mapping_path(source).read_text(encoding="utf-8"), str(told.value)


@pytest.mark.parametrize("shape", SHAPES)
def test_names_and_values_propose_what_a_person_would(tmp_path: Path, shape: str) -> None:
    header, row, columns, units = SHAPES[shape]
    text, told = proposed(tmp_path, header, row)
    mapping = parse_yaml(text, "own.mapping.yaml")
    lines = {line.split(":")[0].strip(" #"): line for line in text.splitlines() if line.startswith("  ")}
    for name, right in columns.items():
        how = "guess" if right[0] == "?" else "likely" if right[0][:1] == "~" else "sure"
        right = [part for part in right if part != "~"] if isinstance(right, list) else right.lstrip("~")
        if right[0] == "?":
            assert mapping["columns"].get(name) is None and f"{name} (" in told
            assert all(one in lines[name] for one in right[1:].split())
        else:
            assert mapping["columns"][name] == right and f"# {how}: " in lines[name]
    assert all(mapping["columns"].get(name) is None for name in mapping["columns"].keys() - columns.keys())
    defaults = {"amount_unit": "units", "time_zone": "UTC", "place_unit": "m", "decimal": None, "time_form": None}
    assert {key: mapping[key] for key in mapping if key != "columns"} == defaults | units
    assert not any(number in text for number in PANS)


def test_a_card_that_is_only_guessed_is_decided_by_a_person(tmp_path: Path) -> None:
    text, told = proposed(tmp_path, *SHAPES["IEEE-CIS"][:2])
    assert "card (card1, card2), terminal (no column found)" in told
    assert "terminal: null" in text and "# no terminal: features of the terminal are off" in text
    answers = {"time_origin: null": "time_origin: 2026-01-01", "time_step: null": "time_step: 1 second"}
    for line, answer in answers.items():
        text = text.replace(line, answer)
    place = mapping_path(tmp_path / "own.csv")
    place.write_text(text)
    with pytest.raises(UserError, match=r"leaves the card open(.|\n)*each payment counts as a card of its own"):
        mapping_for(tmp_path / "own.csv")
    place.write_text(text.replace("  # card: …", "  card: null"))
    assert mapping_for(tmp_path / "own.csv")["columns"]["card"] is None


@pytest.mark.parametrize("shape, answers, first", [
    ("IBM", {}, ("2019-01-01 06:20:00", "0-0")),
    ("ISO 8583 of 1987", {"time_year: null": "time_year: 2026"}, ("2026-01-01 13:15:00", PANS[0])),
    ("a German bank", {"UTC": "Europe/Berlin", "yes: null": "yes: [J]", "no: null": "no: [N]"},
     ("2026-01-01 12:10:00", PANS[0])),
    ("Sparkov", {}, ("2019-01-01 00:00:18", PANS[0]))])
def test_a_confirmed_proposal_reads_the_file(tmp_path: Path, shape: str, answers: dict, first: tuple) -> None:
    text, _ = proposed(tmp_path, *SHAPES[shape][:2])
    for line, answer in answers.items():
        text = text.replace(line, answer)
    mapping_path(tmp_path / "own.csv").write_text(text, encoding="utf-8")
    database = read_rows(tmp_path / "own.csv", mapping_for(tmp_path / "own.csv"))
    rows = database.sql("SELECT instant::VARCHAR, card FROM chosen JOIN made USING (row) ORDER BY row").fetchall()
    assert rows[0] == first and all(time and card for time, card in rows)
    assert database.sql("SELECT count(*) FROM labels_read").fetchall() == [(1,)]


def test_values_of_a_file_do_no_harm_in_a_comment(tmp_path: Path) -> None:
    source = tmp_path / "own.csv"
    source.write_text('when,merchant name,amount,is_fraud\n2026-01-01,"Bob\'s: #1\r\n{x}",1,0\n2026-01-02,"[a",2,1\n')
    with pytest.raises(UserError):
        mapping_for(source)
    text = mapping_path(source).read_text()
    mapping = parse_yaml(text, "own.mapping.yaml")
    assert mapping["columns"]["terminal"] == "merchant name" and "# likely: Bob's: #1 {x}, [a\n" in text
