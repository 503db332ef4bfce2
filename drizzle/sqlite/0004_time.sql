CREATE TABLE `comments` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`task_id` integer NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`change_seq` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `comments_task_idx` ON `comments` (`task_id`,`id`);--> statement-breakpoint
CREATE INDEX `comments_user_changed_idx` ON `comments` (`user_id`,`change_seq`,`id`);--> statement-breakpoint
CREATE TABLE `completions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`task_id` integer NOT NULL,
	`due_key` text(19) DEFAULT '~' NOT NULL,
	`due_zone` text(64),
	`completed_at` integer NOT NULL,
	`outcome` text(10) NOT NULL,
	`missed` integer DEFAULT 0 NOT NULL,
	`former` text,
	`change_seq` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "completions_outcome_check" CHECK("completions"."outcome" in ('completed', 'skipped'))
);
--> statement-breakpoint
CREATE INDEX `completions_user_completed_idx` ON `completions` (`user_id`,`completed_at`,`id`);--> statement-breakpoint
CREATE INDEX `completions_task_idx` ON `completions` (`task_id`,`id`);--> statement-breakpoint
CREATE TABLE `reminders` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`task_id` integer NOT NULL,
	`fire_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `reminders_task_idx` ON `reminders` (`task_id`);--> statement-breakpoint
CREATE INDEX `reminders_fire_at_idx` ON `reminders` (`fire_at`);--> statement-breakpoint
ALTER TABLE `tasks` ADD `rrule` text(500);--> statement-breakpoint
ALTER TABLE `tasks` ADD `repeat_from` text(10);--> statement-breakpoint
ALTER TABLE `tasks` ADD `anchor_key` text(19);--> statement-breakpoint
ALTER TABLE `tasks` ADD `occurrence_key` text(19);--> statement-breakpoint
ALTER TABLE `tasks` ADD `occurrence` integer;--> statement-breakpoint
ALTER TABLE `tasks` ADD `reminders` text;--> statement-breakpoint
INSERT INTO completions (user_id, task_id, due_key, due_zone, completed_at, outcome, missed, change_seq) SELECT user_id, id, due_key, due_zone, completed_at, 'completed', 0, change_seq FROM tasks WHERE status = 'completed' AND completed_at IS NOT NULL;