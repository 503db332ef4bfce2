CREATE TABLE `change_feeds` (
	`user_id` integer PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`epoch` integer NOT NULL,
	`pruned_seq` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `tasks` ADD `change_seq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE tasks SET change_seq = numbered.seq FROM (SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY updated_at, id) AS seq FROM tasks) AS numbered WHERE numbered.id = tasks.id;--> statement-breakpoint
INSERT INTO change_feeds (user_id, seq, epoch, pruned_seq) SELECT users.id, coalesce(max(tasks.change_seq), 0), 1, 0 FROM users LEFT JOIN tasks ON tasks.user_id = users.id GROUP BY users.id;
