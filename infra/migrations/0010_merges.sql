-- What the stream writes is read by vehicle and moment: a few more parts cost a read little, and
-- merging ten at a time spares a fifth of the engine's work (docs/decisions/0010-speed.md).
ALTER TABLE summaries MODIFY SETTING merge_selector_base = 10;

ALTER TABLE features MODIFY SETTING merge_selector_base = 10;

ALTER TABLE risk MODIFY SETTING merge_selector_base = 10;
