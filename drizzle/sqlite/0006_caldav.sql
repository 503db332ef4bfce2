CREATE TABLE `project_views` (
	`user_id` integer NOT NULL,
	`project_id` integer NOT NULL,
	`dav_name` text(255),
	`dav_properties` text,
	PRIMARY KEY(`user_id`, `project_id`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `calendar_objects` ADD `source_seq` integer;--> statement-breakpoint
ALTER TABLE `calendar_objects` ADD `name` text(255);--> statement-breakpoint
ALTER TABLE `calendar_objects` ADD `parent_uid` text(255);--> statement-breakpoint
CREATE INDEX `calendar_objects_name_idx` ON `calendar_objects` (`user_id`,`name`);--> statement-breakpoint
CREATE INDEX `calendar_objects_parent_idx` ON `calendar_objects` (`user_id`,`parent_uid`);--> statement-breakpoint
ALTER TABLE `deletions` ADD `name` text(255);