"""From a file to a predictor and a report: nothing of the test part decides, and the report says what was planted."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import classification_report

from foretell.core.errors import ConfigError, RunError, SchemaError, UnknownNameError
from foretell.evaluate import Report
from foretell.tabular import TabularPredictor, predict_table, train_table
from foretell.tabular.run import fit_predictor, result_text

QUICK = ("logistic", "lightgbm")


@pytest.fixture(scope="module")
def task(trained):
    return trained[2].document["tasks"]["made_purchase"]


def test_everything_promised_is_in_the_report(trained, task):
    document = trained[2].document
    assert {"logistic", "dense_64_32_1", "lightgbm", "forest", "blend", "majority"} == set(task["classification"])
    assert task["chosen"] in task["classification"]
    for found in task["classification"].values():
        for name in ("auc", "accuracy", "logloss", "brier", "ece"):
            figure = found["overall"][name]
            assert figure["low"] <= figure["value"] <= figure["high"]
    table = document["table"]
    assert table["without_target"] == 12
    assert table["rows"] == 1188
    assert table["train_rows"] + table["test_rows"] == 1188
    assert set(table["dropped"]) == {"user", "shop"}
    assert {"calibration", "gain"} <= set(task["curves"])
    strongest = {feature["name"] for feature in task["features"][:3]}
    assert strongest == {"page_views", "purchase_frequency", "purchase_frequency x page_views"}


def test_the_report_opens_again_and_has_a_page(trained):
    folder, _, report = trained
    assert Report.load(folder).document["tasks"].keys() == report.document["tasks"].keys()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Classification report" in page
    assert "1,188" in page
    assert "events of" not in page


def test_the_classification_report_is_scikit_learns(trained, visitors_file, task):
    _, predictor, _ = trained
    frame = pl.read_csv(visitors_file)
    frame = frame.filter(pl.col("made_purchase").is_not_null())
    from foretell.tabular.split import split_rows

    label = (frame["made_purchase"] == "yes").cast(pl.Float64).to_numpy()
    test = split_rows(label).test
    answers = predictor.predict(frame[test])["answer"].to_list()
    theirs = classification_report(frame["made_purchase"].to_numpy()[test], answers, output_dict=True)
    mine = task["classification"][task["chosen"]]
    for word in ("yes", "no"):
        assert mine["classes"][word]["precision"]["value"] == pytest.approx(theirs[word]["precision"], abs=1e-5)
        assert mine["classes"][word]["recall"]["value"] == pytest.approx(theirs[word]["recall"], abs=1e-5)
        assert mine["classes"][word]["f1"]["value"] == pytest.approx(theirs[word]["f1-score"], abs=1e-5)
        assert mine["classes"][word]["support"] == theirs[word]["support"]


def test_saved_and_loaded_it_answers_the_same_without_pickle(trained, visitors):
    folder, predictor, _ = trained
    again = TabularPredictor.load(folder)
    for name in predictor.choice.calibrations:
        np.testing.assert_array_equal(
            again.probabilities(visitors, model=name), predictor.probabilities(visitors, model=name)
        )
    kept = {path.name for path in (folder / "tabular_predictor").iterdir()}
    assert kept == {"manifest.json", "models.safetensors", "lightgbm.txt"}


def test_new_files_are_answered_row_by_row(trained, visitors, tmp_path):
    path = tmp_path / "new.csv"
    visitors.drop("made_purchase").head(20).write_csv(path)
    answers = predict_table(trained[0], path)
    assert answers.height == 20
    assert answers["user"].to_list() == visitors["user"].head(20).to_list()
    assert set(answers["answer"].unique()) <= {"yes", "no"}
    with pytest.raises(SchemaError, match="page_views"):
        predict_table(trained[0], visitors.drop("page_views"))


def test_damage_is_noticed(trained, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(trained[0], copy)
    trees = copy / "tabular_predictor" / "lightgbm.txt"
    trees.write_text(trees.read_text(encoding="utf-8")[:-200], encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        TabularPredictor.load(copy)
    with pytest.raises(RunError, match="no finished"):
        TabularPredictor.load(tmp_path)


def test_what_happened_in_the_test_part_changes_nothing_learned(visitors):
    later = visitors["day"] >= visitors["day"].sort()[960]
    flipped = visitors.with_columns(
        made_purchase=pl.when(later)
        .then(pl.when(pl.col("made_purchase") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes")))
        .otherwise("made_purchase"),
        page_views=pl.when(later).then(pl.col("page_views") * 50).otherwise("page_views"),
    )
    options = {"target": "made_purchase", "time_column": "day", "models": QUICK}
    one, one_report = train_table(visitors, **options)
    two, two_report = train_table(flipped, **options)
    np.testing.assert_array_equal(one.probabilities(visitors), two.probabilities(visitors))
    assert one.choice == two.choice
    assert one_report.document["table"]["split"] == two_report.document["table"]["split"]
    assert one_report.document["windows"]["test"][0] > one_report.document["windows"]["train"][1]


def test_the_same_seed_gives_the_same_and_rows_in_any_order_of_columns(visitors):
    one = fit_predictor(visitors, target="made_purchase", models=QUICK, seed=5)
    two = fit_predictor(visitors, target="made_purchase", models=QUICK, seed=5)
    np.testing.assert_array_equal(one.probabilities(visitors), two.probabilities(visitors[:, ::-1]))


def test_a_column_that_tells_the_answer_is_called_out(visitors):
    generator = np.random.default_rng(0)
    paid = np.where(visitors["made_purchase"] == "yes", generator.gamma(2, 20, visitors.height), 0.0)
    paid[generator.random(visitors.height) < 0.05] = 3.0
    _, report = train_table(visitors.with_columns(amount_paid=paid), target="made_purchase", models=QUICK)
    task = report.document["tasks"]["made_purchase"]
    assert [one["column"] for one in task["suspicions"]] == ["amount_paid"]
    check = next(check for check in task["checks"] if check["code"] == "TB001")
    assert check["status"] == "warn"
    assert "--drop amount_paid" in result_text(report.document)


def test_honest_columns_are_not_called_out(task):
    assert task["suspicions"] == []
    assert next(check for check in task["checks"] if check["code"] == "TB001")["status"] == "pass"


def test_probabilities_come_true(task):
    ece = task["classification"][task["chosen"]]["overall"]["ece"]
    assert ece["value"] < 0.12
    assert (
        task["classification"][task["chosen"]]["overall"]["logloss"]["value"]
        < (task["classification"]["majority"]["overall"]["logloss"]["value"])
    )


def test_wrong_names_are_explained(visitors):
    with pytest.raises(UnknownNameError, match="made_purchase"):
        train_table(visitors, target="made_purchse")
    with pytest.raises(ConfigError, match="--time"):
        train_table(visitors, target="made_purchase", test_from="2025-03-01")


def test_the_command_line_trains_and_predicts(foretell_command, visitors, tmp_path):
    table = tmp_path / "plain.csv"
    visitors.drop("user", "day", "shop").head(400).write_csv(table, include_header=False)
    names = "page_views,search_terms,purchase_frequency,made_purchase"
    run = tmp_path / "run"
    done = foretell_command("tabular", table, "--target", "made_purchase", "--columns", names, "--out", run)
    assert done.code == 0, done.err
    assert "page_views" in done.out
    assert "majority" in done.out
    done = foretell_command("tabular-predict", run, table, "--columns", names, "--out", tmp_path / "a.csv", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["rows"] == 400
    assert pl.read_csv(tmp_path / "a.csv")["probability"].is_between(0, 1).all()


def test_the_command_line_explains_a_bad_target(foretell_command, visitors_file):
    done = foretell_command("tabular", visitors_file, "--target", "search_terms")
    assert done.code == 2
    assert "5 classes" in done.err
    assert "Traceback" not in done.err


def test_the_document_is_plain_json(trained):
    assert json.loads(trained[2].json())["version"] == 1


def test_real_sessions_by_month(shared_data):
    columns = (
        "Administrative,Administrative_Duration,Informational,Informational_Duration,ProductRelated,"
        "ProductRelated_Duration,BounceRates,ExitRates,PageValues,SpecialDay,Month,OperatingSystems,Browser,Region,"
        "TrafficType,VisitorType,Weekend,Revenue"
    )
    _, report = train_table(
        shared_data / "online_shoppers" / "online_shoppers_intention.csv",
        target="Revenue",
        columns=columns.split(","),
        time_column="Month",
        test_from="Nov",
        models=("lightgbm",),
    )
    task = report.document["tasks"]["Revenue"]
    assert task["n"] == 4725
    assert task["metrics"]["auc"]["value"] > 0.82
    assert [one["column"] for one in task["suspicions"]] == ["PageValues"]
    assert "Month" not in [column["name"] for column in report.document["table"]["columns"]]


def test_the_networks_parts_are_chosen_kept_and_answer_after_loading(visitors, tmp_path, foretell_command):
    visitors.head(400).write_csv(tmp_path / "visitors.csv")
    chosen = ("--activation", "tanh", "--loss", "mse", "--optimizer", "sgd")
    done = foretell_command(
        "tabular", tmp_path / "visitors.csv", "--target", "made_purchase", "--out", tmp_path / "run", *chosen, "--json"
    )
    assert done.code == 0, done.err
    predictor = TabularPredictor.load(tmp_path / "run")
    expected = {"activation": "tanh", "loss": "mse", "optimiser": "sgd", "learning_rate": None}
    assert predictor.facts["network"] == expected
    network = predictor.fitted.models["dense_64_32_1"]
    assert network.activation == "tanh"


def test_an_activation_there_is_none_of_is_bad_input(tmp_path, foretell_command):
    done = foretell_command("tabular", tmp_path / "any.csv", "--target", "x", "--activation", "softmax")
    assert done.code == 2
    assert "activation" in done.err
