CREATE TABLE `calendar_feeds` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`name` varchar(100) NOT NULL,
	`token_hash` varchar(64) NOT NULL,
	`last_four` varchar(4) NOT NULL,
	`project_ids` mediumtext,
	`has_events` boolean NOT NULL DEFAULT false,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `calendar_feeds_id` PRIMARY KEY(`id`),
	CONSTRAINT `calendar_feeds_token_hash` UNIQUE(`token_hash`)
);
--> statement-breakpoint
CREATE TABLE `calendar_objects` (
	`id` bigint AUTO_INCREMENT NOT NULL,
	`user_id` bigint NOT NULL,
	`task_id` bigint NOT NULL,
	`uid` varchar(255) NOT NULL,
	`source` mediumtext,
	CONSTRAINT `calendar_objects_id` PRIMARY KEY(`id`),
	CONSTRAINT `calendar_objects_user_uid` UNIQUE(`user_id`,`uid`)
);
--> statement-breakpoint
ALTER TABLE `calendar_feeds` ADD CONSTRAINT `calendar_feeds_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `calendar_objects` ADD CONSTRAINT `calendar_objects_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE `calendar_objects` ADD CONSTRAINT `calendar_objects_task_fk` FOREIGN KEY (`task_id`) REFERENCES `tasks`(`id`) ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX `calendar_feeds_user_id_idx` ON `calendar_feeds` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `calendar_objects_task_idx` ON `calendar_objects` (`task_id`);