"""ByteTrack and OC-SORT from a public package, in an environment of their own; nothing here is Kinetrail's.

`python -I tracking_peers.py BOXES.npz IDS.npz` reads, for every story, times (F,), counts (F,), boxes (N, 4)
and scores (N,), and writes the id of every box, -1 for none, for every tracker.
"""

import sys
import warnings

import numpy as np
import supervision as sv

from trackers import ByteTrackTracker, OCSORTTracker

#: As their authors set them, and patient for longer than anybody is away: 10 s, of which 30 frames make one.
PEERS = {
    "ByteTrack": lambda fps: ByteTrackTracker(frame_rate=fps),
    "OC-SORT": lambda fps: OCSORTTracker(frame_rate=fps),
    "ByteTrack 10 s": lambda fps: ByteTrackTracker(frame_rate=fps, lost_track_buffer=300),
    "OC-SORT 10 s": lambda fps: OCSORTTracker(frame_rate=fps, lost_track_buffer=300),
}


def follow(tracker, times, counts, boxes, scores):
    """The id of every box (N,)."""
    ids, first = np.full(len(boxes), -1), 0
    for when, count in zip(times, counts, strict=True):
        rows = np.arange(first, first + count)
        first += count
        found = sv.Detections(
            xyxy=boxes[rows].astype(float).reshape(-1, 4),
            confidence=scores[rows].astype(float),
            class_id=np.zeros(count, int),
            data={"row": rows},
        )
        told = tracker.update(found, timestamp=float(when))
        if len(told) and told.tracker_id is not None:
            ids[np.asarray(told.data["row"], int)] = told.tracker_id
    return ids


def main():
    warnings.simplefilter("ignore")
    asked, answered = np.load(sys.argv[1]), {}
    for story in sorted({name.rsplit("/", 1)[0] for name in asked.files}):
        times, counts, boxes, scores = (
            asked[f"{story}/{part}"] for part in ("times", "counts", "boxes", "scores")
        )
        fps = 1 / np.median(np.diff(times))
        for name, make in PEERS.items():
            answered[f"{story}/{name}"] = follow(make(fps), times, counts, boxes, scores)
    np.savez(sys.argv[2], **answered)


if __name__ == "__main__":
    main()
