from harness.runner.header import new_run_id


def test_ids_of_runs_that_start_within_one_second_sort_by_their_time():
    ids = []
    while len(ids) < 50:
        new = new_run_id()
        # The time told is a 4096th of a second.
        if not ids or new[:19] != ids[-1][:19]:
            ids.append(new)

    assert sorted(ids) == ids
    assert len({run_id[:15] for run_id in ids}) <= 2


def test_ids_of_the_same_moment_differ():
    ids = [new_run_id() for _ in range(100)]

    assert len(set(ids)) > 90
