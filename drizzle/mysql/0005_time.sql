CREATE TABLE `comments` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`task_id` bigint NOT NULL,
	`body` mediumtext NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	`change_seq` bigint NOT NULL,
	CONSTRAINT `comments_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE `completions` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`task_id` bigint NOT NULL,
	`due_key` varchar(19) character set ascii collate ascii_bin NOT NULL DEFAULT '~',
	`due_zone` varchar(64),
	`completed_at` datetime(3) NOT NULL,
	`outcome` varchar(10) NOT NULL,
	`missed` int NOT NULL DEFAULT 0,
	`former` mediumtext,
	`change_seq` bigint NOT NULL,
	CONSTRAINT `completions_id` PRIMARY KEY(`id`),
	CONSTRAINT `completions_outcome_check` CHECK(`completions`.`outcome` in ('completed', 'skipped'))
);
--> statement-breakpoint
CREATE TABLE `reminders` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`task_id` bigint NOT NULL,
	`fire_at` datetime(3) NOT NULL,
	CONSTRAINT `reminders_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
ALTER TABLE `tasks` ADD `rrule` varchar(500);--> statement-breakpoint
ALTER TABLE `tasks` ADD `repeat_from` varchar(10);--> statement-breakpoint
ALTER TABLE `tasks` ADD `anchor_key` varchar(19) character set ascii collate ascii_bin;--> statement-breakpoint
ALTER TABLE `tasks` ADD `occurrence_key` varchar(19) character set ascii collate ascii_bin;--> statement-breakpoint
ALTER TABLE `tasks` ADD `occurrence` int;--> statement-breakpoint
ALTER TABLE `tasks` ADD `reminders` mediumtext;--> statement-breakpoint
ALTER TABLE `comments` ADD CONSTRAINT `comments_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `comments` ADD CONSTRAINT `comments_task_fk` FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `completions` ADD CONSTRAINT `completions_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `completions` ADD CONSTRAINT `completions_task_fk` FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `reminders` ADD CONSTRAINT `reminders_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `reminders` ADD CONSTRAINT `reminders_task_fk` FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX `comments_task_idx` ON `comments` (`task_id`,`id`);--> statement-breakpoint
CREATE INDEX `comments_user_changed_idx` ON `comments` (`user_id`,`change_seq`,`id`);--> statement-breakpoint
CREATE INDEX `completions_user_completed_idx` ON `completions` (`user_id`,`completed_at`,`id`);--> statement-breakpoint
CREATE INDEX `completions_task_idx` ON `completions` (`task_id`,`id`);--> statement-breakpoint
CREATE INDEX `reminders_task_idx` ON `reminders` (`task_id`);--> statement-breakpoint
CREATE INDEX `reminders_fire_at_idx` ON `reminders` (`fire_at`);--> statement-breakpoint
INSERT INTO completions (user_id, task_id, due_key, due_zone, completed_at, outcome, missed, change_seq) SELECT user_id, id, due_key, due_zone, completed_at, 'completed', 0, change_seq FROM tasks WHERE status = 'completed' AND completed_at IS NOT NULL;